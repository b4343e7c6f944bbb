// Prints the reference of an image to build on: the one named as argument where the engine has it or
// can pull it, else one made from this machine's own distribution. Progress goes to the lines before.
import { ensureBaseImage } from './lib/base-image.mjs';
import { ensureEngine } from './lib/engine.mjs';
import { readEnvironment } from './lib/environment.mjs';
import { runScript } from './lib/failure.mjs';
import { withSetupLock } from './lib/lock.mjs';
import { print } from './lib/terminal.mjs';

await runScript(async () => {
  const wanted = process.argv[2] ?? 'python:3.12-slim';
  const reference = await withSetupLock(async () => {
    await ensureEngine(readEnvironment());
    return ensureBaseImage(wanted, { isDefault: true });
  });
  print(reference);
  return 0;
});
