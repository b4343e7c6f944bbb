// `npm run test:gvisor`: every integration test, with sandboxes on gVisor; arguments are passed on to vitest.
import { readEnvironment } from './lib/environment.mjs';
import { runScript } from './lib/failure.mjs';
import { ensureGvisor } from './lib/gvisor.mjs';
import { withSetupLock } from './lib/lock.mjs';
import { prepare } from './lib/prepare.mjs';
import { print } from './lib/terminal.mjs';
import { runVitest } from './lib/test-steps.mjs';

await runScript(async () => {
  await prepare(readEnvironment(), { needsSandboxImage: true });
  await withSetupLock(() => ensureGvisor({ pidFile: undefined }));
  process.env.SANDBOX_DOCKER_RUNTIME = 'runsc';
  const args = process.argv.slice(2);
  const { passed, failed } = await runVitest(args.length > 0 ? args : ['test/integration']);
  print('', `${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
