// Brings Incus to where it can run sandboxes: installs and starts it, makes its project, pool and image. npm run down -- --all undoes it.
import { ensureEngine } from './lib/engine.mjs';
import { readEnvironment } from './lib/environment.mjs';
import { runScript } from './lib/failure.mjs';
import { PROJECT } from './lib/incus/client.mjs';
import { ensureIncus } from './lib/incus/daemon.mjs';
import { ensureIncusImage } from './lib/incus/image.mjs';
import { ensurePlace } from './lib/incus/place.mjs';
import { withSetupLock } from './lib/lock.mjs';
import { ensureSandboxImage, SANDBOX_IMAGE } from './lib/sandbox-image.mjs';
import { print } from './lib/terminal.mjs';

await runScript(async () => {
  const env = readEnvironment();
  await withSetupLock(async () => {
    await ensureIncus();
    await ensurePlace();
    // The image is built by Docker, and given to Incus without any image server.
    await ensureEngine(env);
    await ensureSandboxImage(env);
    await ensureIncusImage(SANDBOX_IMAGE);
  });
  print(`Incus is ready for sandboxes: its project ${PROJECT} has ${SANDBOX_IMAGE}.`);
  return 0;
});
