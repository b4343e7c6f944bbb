// `npm run doctor`: looks at this machine and the settings and says what is in order, what it means where not, and how to mend it.
// Changes nothing, needs no build, and works before the first `npm run up`. Exit code 1 where something fails.
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs, parseEnv } from 'node:util';
import { checkEngine } from './lib/doctor/engine.mjs';
import { checkHost } from './lib/doctor/host.mjs';
import { checkIncus } from './lib/doctor/incus.mjs';
import { checkMode, checkRemote } from './lib/doctor/mode.mjs';
import { checkRights } from './lib/doctor/rights.mjs';
import { checkService } from './lib/doctor/service.mjs';
import { checkSettings } from './lib/doctor/settings.mjs';
import { ENV_FILE } from './lib/environment.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { findMode } from './lib/mode.mjs';
import { print } from './lib/terminal.mjs';

await runScript(async () => {
  const file = readArguments();
  const settings = readSettings(file);
  const env = { ...settings, ...process.env };
  const places = { [file]: Object.keys(settings), 'the environment': Object.keys(process.env) };
  const mode = await findMode(env);
  const findings = [
    ...(await checkSettings(env, mode, file, places)),
    checkMode(env, mode),
    ...(await checkPlace(env, mode)),
    await checkService(),
  ];
  for (const { level, what, means, mend } of findings) {
    print(`${level.padEnd(5)} ${what}: ${means}`);
    if (mend) print(`      To mend: ${mend}`);
  }
  const count = (level) => findings.filter((finding) => finding.level === level).length;
  print('', `${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failed`);
  return count('fail') === 0 ? 0 : 1;
});

/** What sandboxes run on: this machine and its engine, or another server. */
async function checkPlace(env, mode) {
  if (mode === 'remote') return [await checkRemote(env)];
  const engine = mode === 'docker' ? await checkEngine(env) : await checkIncus(env, mode);
  return [...(await checkRights(env, mode)), ...engine, ...(await checkHost(env, mode))];
}

function readSettings(file) {
  try {
    return existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  } catch {
    throw new Failure(`${file} cannot be read by this user.`);
  }
}

function readArguments() {
  try {
    const { positionals } = parseArgs({ allowPositionals: true });
    if (positionals.length <= 1) return positionals[0] ?? ENV_FILE;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw new Failure('Usage: npm run doctor [-- file with the settings; .env where absent]');
}
