// `npm run service`: prepares the machine as `npm run up` does and has systemd run the server, anew where it runs one already, as after
// an upgrade; --print shows the unit alone.
import { ensureApiKey } from './lib/api-key.mjs';
import { requireNoServer } from './lib/data-folder.mjs';
import { readEnvironment } from './lib/environment.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { findMode } from './lib/mode.mjs';
import { needsOf, prepare } from './lib/prepare.mjs';
import { hasSystemd, installService, isServiceActive, SERVICE, toUnit } from './lib/service.mjs';
import { print } from './lib/terminal.mjs';

await runScript(async () => {
  const [option, ...more] = process.argv.slice(2);
  if (more.length > 0 || (option !== undefined && option !== '--print')) {
    throw new Failure('Usage: npm run service [-- --print]');
  }
  if (option === '--print') {
    process.stdout.write(toUnit());
    return 0;
  }
  if (!hasSystemd()) {
    throw new Failure('systemd does not run this machine. npm run service -- --print shows the unit for another one.');
  }
  if (process.getuid?.() !== 0) throw new Failure('Only root may install a service: sudo npm run service');
  const env = readEnvironment();
  if (!(await isServiceActive())) await requireNoServer(env);
  await prepare(env, needsOf(env, await findMode(env)));
  ensureApiKey(env);
  await installService();
  print(
    `${SERVICE} runs, now and after each start of the machine.`,
    `  its log: journalctl -u ${SERVICE} -f`,
    `  after a change of .env: systemctl restart ${SERVICE}; after git pull: npm run service`,
    '  to remove it: npm run down -- --all',
  );
  return 0;
});
