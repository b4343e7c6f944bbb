// Builds the sandbox image, and the engine to build it with where there is none.
import { ensureEngine } from './lib/engine.mjs';
import { readEnvironment } from './lib/environment.mjs';
import { runScript } from './lib/failure.mjs';
import { withSetupLock } from './lib/lock.mjs';
import { ensureSandboxImage, SANDBOX_IMAGE } from './lib/sandbox-image.mjs';
import { print } from './lib/terminal.mjs';

await runScript(async () => {
  const env = readEnvironment();
  await withSetupLock(async () => {
    await ensureEngine(env);
    await ensureSandboxImage(env);
  });
  print(`${SANDBOX_IMAGE} is up to date.`);
  return 0;
});
