import { hashKey } from '../../src/auth/api-keys.ts';

/** An entry of SANDBOX_API_KEYS: a key that is kept as its hash, by its name, and its settings, such as `;prefix=bot-`. */
export function keyEntry(name: string, key: string, settings = ''): string {
  return `${name}:sha256:${hashKey(key).toString('hex')}${settings}`;
}
