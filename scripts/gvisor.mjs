// Makes gVisor a runtime of the Docker engine of this machine, for SANDBOX_DOCKER_RUNTIME=runsc.
import { parseArgs } from 'node:util';
import { ensureEngine } from './lib/engine.mjs';
import { readEnvironment } from './lib/environment.mjs';
import { runScript } from './lib/failure.mjs';
import { ensureGvisor } from './lib/gvisor.mjs';
import { withSetupLock } from './lib/lock.mjs';
import { ensureSandboxImage } from './lib/sandbox-image.mjs';
import { print } from './lib/terminal.mjs';

await runScript(async () => {
  const env = readEnvironment();
  const { values } = parseArgs({ options: { 'pid-file': { type: 'string' } } });
  await withSetupLock(async () => {
    await ensureEngine(env);
    await ensureSandboxImage(env);
    await ensureGvisor({ pidFile: values['pid-file'] });
  });
  print('Set SANDBOX_DOCKER_RUNTIME=runsc in .env and restart the server: new sandboxes then run on gVisor.');
  return 0;
});
