import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash } from './content-hash.mjs';
import { localProgram, ROOT } from './paths.mjs';
import { runLogged } from './run.mjs';
import { stage } from './stage.mjs';

const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, '.source-hash');
const SOURCES = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json'];
const BUILD_TIMEOUT_MS = 300_000;

/** Compiles the server into `dist/`, unless that is what is there. */
export async function ensureBuild() {
  const sourceHash = contentHash(SOURCES.map((name) => join(ROOT, name)));
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === sourceHash) return;
  await stage('Compiling the server', async () => {
    // Compiled apart and then moved, so that a failed compilation leaves the last good one.
    const next = `${DIST}.next`;
    rmSync(next, { recursive: true, force: true });
    const args = ['-p', 'tsconfig.build.json', '--outDir', next];
    await runLogged('compile the server', localProgram('tsc'), args, { cwd: ROOT, timeoutMs: BUILD_TIMEOUT_MS });
    writeFileSync(join(next, '.source-hash'), sourceHash);
    rmSync(DIST, { recursive: true, force: true });
    renameSync(next, DIST);
  });
}
