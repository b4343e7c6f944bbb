// Compiles the server where dist/ is out of date; a process of its own, as the bench itself is TypeScript.
import { ensureBuild } from '../scripts/lib/build.mjs';

await ensureBuild();
