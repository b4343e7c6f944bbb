// `npm run test:incus`: what every engine promises, and integration tests with sandboxes on Incus; arguments are passed on to vitest.
import { readEnvironment } from './lib/environment.mjs';
import { runScript } from './lib/failure.mjs';
import { prepare } from './lib/prepare.mjs';
import { print } from './lib/terminal.mjs';
import { runVitest } from './lib/test-steps.mjs';

/** Those that say nothing of Docker itself. */
const ATTACKS = ['kernel', 'sight', 'resources', 'floods', 'uncounted'].map(
  (name) => `test/integration/attacks/${name}.test.ts`,
);
const FILES = ['test/incus', ...ATTACKS];

await runScript(async () => {
  await prepare(readEnvironment(), { needsSandboxImage: true, needsIncus: true });
  process.env.CLARA_TEST_ENGINE = 'incus';
  const args = process.argv.slice(2);
  const { passed, failed } = await runVitest(args.length > 0 ? args : FILES);
  print('', `${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
