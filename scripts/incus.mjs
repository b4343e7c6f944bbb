// Brings Incus to where it can run sandboxes: installs and starts it, makes its project, pool and image. npm run down -- --all undoes it.
import { ensureEngine } from './lib/engine.mjs';
import { readEnvironment } from './lib/environment.mjs';
import { runScript } from './lib/failure.mjs';
import { Incus } from './lib/incus/client.mjs';
import { setUpIncus } from './lib/incus/set-up.mjs';
import { withSetupLock } from './lib/lock.mjs';
import { incusModeOf, settledMode } from './lib/mode.mjs';
import { ensureSandboxImage, SANDBOX_IMAGE } from './lib/sandbox-image.mjs';
import { print } from './lib/terminal.mjs';

await runScript(async () => {
  const env = readEnvironment();
  const incus = new Incus(env);
  if (incus.isFar) {
    print(
      `INCUS_REMOTE is ${incus.remote}: docs/incus.md says what has to be there, and nothing of it is on this machine.`,
    );
    return 0;
  }
  const hasMachines = [settledMode(env), incusModeOf(env)].includes('incus-vm');
  await withSetupLock(async () => {
    // The image of containers is built by Docker, and given to Incus without any image server.
    if (!hasMachines) {
      await ensureEngine(env);
      await ensureSandboxImage(env);
    }
    await setUpIncus(incus, { hasMachines });
  });
  const has = hasMachines ? 'needs an image of virtual machines with python3 (docs/incus.md)' : `has ${SANDBOX_IMAGE}`;
  print(`Incus is ready for sandboxes: its project ${incus.project} ${has}.`);
  return 0;
});
