// `npm test`: prepares the machine as `npm run up` does, then runs every check and every test.
// The last line is the count; arguments are passed on to vitest.
import { readEnvironment } from './lib/environment.mjs';
import { runScript } from './lib/failure.mjs';
import { prepare } from './lib/prepare.mjs';
import { print, printError } from './lib/terminal.mjs';
import { runAgentTests, runChecks, runVitest } from './lib/test-steps.mjs';

await runScript(async () => {
  try {
    await prepare(readEnvironment(), {
      needsSandboxImage: true,
      needsCompose: true,
      needsChromium: true,
      needsPythonPackages: true,
      needsPrometheus: true,
    });
  } catch (error) {
    printError(error instanceof Error ? error.message : String(error));
    print('0 passed, 1 failed');
    return 1;
  }
  const counts = [await runChecks(), await runAgentTests(), await runVitest(process.argv.slice(2))];
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  print('', `${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
