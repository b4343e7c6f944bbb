import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { ENV_FILE } from './environment.mjs';
import { print } from './terminal.mjs';

/**
 * The API key of the server; where neither the environment nor `.env` has one, a new one is added to `.env`.
 * @param {NodeJS.ProcessEnv} env
 * @returns {string}
 */
export function ensureApiKey(env) {
  if (env.SANDBOX_API_KEY) return env.SANDBOX_API_KEY;
  const key = randomBytes(24).toString('base64url');
  const text = existsSync(ENV_FILE) ? readFileSync(ENV_FILE, 'utf8') : '';
  writeFileSync(ENV_FILE, withApiKey(text, key), { mode: 0o600 });
  chmodSync(ENV_FILE, 0o600);
  print(`▸ Made an API key; it is in ${ENV_FILE}.`);
  return key;
}

/**
 * Adds the key to the text of a `.env` file: in place of an empty setting, else as a new last line.
 * @param {string} text
 * @param {string} key
 */
function withApiKey(text, key) {
  const setting = `SANDBOX_API_KEY=${key}`;
  const empty = /^SANDBOX_API_KEY=[ \t]*(?:""|'')?[ \t]*$/m;
  if (empty.test(text)) return text.replace(empty, setting);
  const separator = text === '' || text.endsWith('\n') ? '' : '\n';
  return `${text}${separator}${setting}\n`;
}
