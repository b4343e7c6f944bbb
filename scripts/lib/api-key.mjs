import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { ENV_FILE } from './environment.mjs';
import { print } from './terminal.mjs';

/**
 * The API key of the server that opens everything. Where neither the environment nor `.env` has one, a new one is added to `.env`,
 * unless there are named keys: who has those may want no other.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} [file]
 * @returns {{key: string, isNew: boolean} | undefined} undefined where only named keys open the server
 */
export function ensureApiKey(env, file = ENV_FILE) {
  if (env.SANDBOX_API_KEY) return { key: env.SANDBOX_API_KEY, isNew: false };
  if (/[^\s,]/.test(env.SANDBOX_API_KEYS ?? '')) return undefined;
  const key = randomBytes(24).toString('base64url');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  writeFileSync(file, withApiKey(text, key), { mode: 0o600 });
  chmodSync(file, 0o600);
  print(`▸ Made an API key; it is in ${file}.`);
  return { key, isNew: true };
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
