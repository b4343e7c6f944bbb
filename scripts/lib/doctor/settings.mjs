import { stat } from 'node:fs/promises';
import { compiled } from '../compiled.mjs';
import { fail, ok, warn } from './finding.mjs';

const SHORTEST_KEY = 8;
const SAFE_KEY_CHARACTERS = 24;
const SAFE_DIFFERENT_CHARACTERS = 10;

/**
 * The settings themselves, the key, who can read the file that has it, and who can read what comes and goes.
 * @param {NodeJS.ProcessEnv} env
 * @param {import('../mode.mjs').Mode} mode
 * @param {string} file
 * @param {Record<string, string[]>} places the names of all variables, by where they are set
 * @returns {Promise<import('./finding.mjs').Finding[]>}
 */
export async function checkSettings(env, mode, file, places) {
  return [
    await checkNames(places),
    await checkValues(env, mode),
    checkKey(env),
    await checkFile(file),
    checkAddress(env),
  ];
}

async function checkNames(places) {
  const what = 'variables';
  const module = await compiled('config/config.js');
  if (!module) return ok(what, 'The server checks their names at its start; it is not built yet.');
  try {
    module.requireKnownNames(places);
    return ok(what, 'All names are those of variables that there are.');
  } catch (error) {
    if (error?.name !== 'ConfigError') throw error;
    return fail(
      what,
      `${error.message} The server will not start.`,
      'Write the name as .env.example does, or remove it.',
    );
  }
}

async function checkValues(env, mode) {
  const module = await compiled('config/config.js');
  if (!module) return ok('settings', 'The server checks them at its start; it is not built yet.');
  try {
    module.parseConfig({ SANDBOX_API_KEY: 'made-by-npm-run-up', ...withoutEmpty(env) }, mode);
    return ok('settings', 'All variables have values that the server takes.');
  } catch (error) {
    if (error?.name !== 'ConfigError') throw error;
    return fail('settings', error.message, 'Change them in .env or in the environment.');
  }
}

/**
 * The variables that have a value: one that is empty is as one that is not there.
 * @param {NodeJS.ProcessEnv} env
 */
export function withoutEmpty(env) {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

function checkKey(env) {
  const key = env.SANDBOX_API_KEY;
  const mend = 'Set SANDBOX_API_KEY to what this prints: openssl rand -hex 32';
  if (!key && env.SANDBOX_API_KEYS)
    return ok('key', 'Only named keys open this server, each of 256 bits if npm run key made it.');
  if (!key) return ok('key', 'There is none yet; npm run up makes one.');
  if (key.length < SHORTEST_KEY) return fail('key', 'SANDBOX_API_KEY is too short; the server will not start.', mend);
  if (key.length < SAFE_KEY_CHARACTERS || new Set(key).size < SAFE_DIFFERENT_CHARACTERS) {
    return warn('key', 'SANDBOX_API_KEY can be guessed: who has it runs code on this machine.', mend);
  }
  return ok('key', `SANDBOX_API_KEY has ${key.length} characters.`);
}

async function checkFile(file) {
  const found = await stat(file).catch(() => undefined);
  if (!found) return ok('settings file', `${file} is not there; npm run up makes it.`);
  const mode = (found.mode & 0o777).toString(8).padStart(3, '0');
  if (found.mode & 0o077) {
    return fail(
      'settings file',
      `${file} has mode ${mode}: other users can read the key or change it.`,
      `chmod 600 ${file}`,
    );
  }
  return ok('settings file', `${file} has mode ${mode}: only its owner reads the key.`);
}

function checkAddress(env) {
  const what = 'address';
  const host = env.SANDBOX_API_HOST || '0.0.0.0';
  if (isLoopback(host)) return ok(what, `Only programs of this machine reach the server, at ${host}.`);
  const means = `Other machines reach the server at ${host}, by plain HTTP: keys and all data travel in clear.`;
  const mend =
    'Set SANDBOX_API_HOST=127.0.0.1, or put HTTPS in front with the production profile of docker-compose.yml, which listens on the loopback by itself.';
  return warn(what, means, mend);
}

function isLoopback(host) {
  return host === 'localhost' || host === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(host);
}
