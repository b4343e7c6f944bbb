import { hash } from 'node:crypto';
import type { Rate } from '../async/token-buckets.ts';
import { parseSize } from '../base/size.ts';

/** A key that opens this server; of the key itself only the hash is kept. */
export interface ApiKey {
  /** Who it was given to; for logs, records and sentences. */
  readonly name: string;
  /** SHA-256 of the key. */
  readonly digest: Buffer;
  /** What the ids of its users begin with; empty for any id. */
  readonly userPrefix: string;
  /** How many sandboxes that were made with it may exist; null for any number. */
  readonly maxSandboxes: number | null;
  /** What all folders and checkpoints of those may take of the disk together, in bytes; null for any size. */
  readonly maxDiskBytes: number | null;
  /** Of its requests; null for the rate of the server's configuration. */
  readonly rate: Rate | null;
  /** True for the key of a gateway, which may say for whom it asks; false where absent. */
  readonly isGateway?: boolean;
}

/** The name of the key that `SANDBOX_API_KEY` holds; no other has it. */
export const MASTER_KEY_NAME = 'master';

/** What the name of a key looks like. */
export const KEY_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const MAX_KEYS = 1000;

/** As the smallest SANDBOX_DISK_LIMIT. */
const LEAST_DISK_BYTES = 32 * 2 ** 20;

/** SHA-256 of a key's text. */
export function hashKey(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

/** The key that opens everything. */
export function masterKey(key: string): ApiKey {
  return {
    name: MASTER_KEY_NAME,
    digest: hashKey(key),
    userPrefix: '',
    maxSandboxes: null,
    maxDiskBytes: null,
    rate: null,
  };
}

/**
 * The keys of a list such as `bot:sha256:<64 hex digits>;prefix=discord-;sandboxes=20;disk=100g;rate=50;burst=100`, with commas or
 * line breaks between the entries; where something is wrong, what must change, never with a part of a key or hash in it.
 */
export function parseApiKeys(text: string): { readonly keys: readonly ApiKey[]; readonly problems: readonly string[] } {
  const keys: ApiKey[] = [];
  const problems: string[] = [];
  const entries = text.split(/[,\r\n]/).map((entry) => entry.trim());
  for (const [index, entry] of entries.entries()) {
    if (entry === '') continue;
    const parsed = parseEntry(entry);
    if (typeof parsed === 'string') problems.push(`entry ${index + 1} ${parsed}`);
    else keys.push(parsed);
  }
  if (keys.length > MAX_KEYS) problems.push(`must have ${MAX_KEYS} entries or fewer`);
  for (const name of repeated(keys.map((key) => key.name))) problems.push(`has two entries with the name ${name}`);
  if (repeated(keys.map((key) => key.digest.toString('hex'))).length > 0) {
    problems.push('has the same hash in two entries: every name needs a key of its own');
  }
  return { keys, problems };
}

function parseEntry(entry: string): ApiKey | string {
  const [head = '', ...settings] = entry.split(';').map((part) => part.trim());
  const [name = '', algorithm, hash, ...more] = head.split(':');
  if (!KEY_NAME.test(name))
    return 'must begin with a name of letters, digits, dots, dashes and underscores, then a colon';
  if (name === MASTER_KEY_NAME) return `must not be named ${MASTER_KEY_NAME}: that is SANDBOX_API_KEY`;
  if (algorithm !== 'sha256' || !/^[0-9a-f]{64}$/i.test(hash ?? '') || more.length > 0) {
    return `(${name}) must have sha256: and 64 hex digits after its name; npm run key -- ${name} makes one`;
  }
  const values = new Map<string, string>();
  for (const setting of settings.filter((part) => part !== '')) {
    const [, word = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(setting) ?? [];
    if (values.has(word)) return `(${name}) sets ${word} twice`;
    if (!SETTINGS.has(word))
      return `(${name}) has an unknown setting; there are prefix, sandboxes, disk, rate, burst and gateway`;
    if (word === GATEWAY && setting !== GATEWAY) return `(${name}) sets gateway, which has no value`;
    if (word !== GATEWAY && !isValue(word, value)) return `(${name}) needs ${SETTINGS.get(word)} as its ${word}`;
    values.set(word, value);
  }
  const count = (word: string) => (values.has(word) ? Number(values.get(word)) : null);
  const perSecond = count('rate');
  const burst = count('burst');
  if (perSecond === null && burst !== null) return `(${name}) sets a burst but no rate`;
  if (perSecond !== null && burst !== null && burst < perSecond)
    return `(${name}) needs a burst that is not below its rate`;
  return {
    name,
    digest: Buffer.from(hash ?? '', 'hex'),
    userPrefix: values.get('prefix') ?? '',
    maxSandboxes: count('sandboxes'),
    maxDiskBytes: parseSize(values.get('disk') ?? '') ?? null,
    ...(values.has(GATEWAY) ? { isGateway: true } : {}),
    rate: perSecond === null ? null : { perSecond, burst: burst ?? perSecond },
  };
}

/** The one setting without a value. */
const GATEWAY = 'gateway';

const SETTINGS: ReadonlyMap<string, string> = new Map([
  ['prefix', 'one or more characters'],
  ['sandboxes', 'a whole number from 1 to 1000000'],
  ['disk', 'a size such as 100g, 32m or more,'],
  ['rate', 'a whole number from 1 to 1000000'],
  ['burst', 'a whole number from 1 to 1000000'],
  [GATEWAY, 'nothing'],
]);

function isValue(word: string, value: string): boolean {
  if (word === 'prefix') return value !== '';
  return word === 'disk' ? (parseSize(value) ?? 0) >= LEAST_DISK_BYTES : isCount(value);
}

function isCount(text: string): boolean {
  return /^[1-9]\d{0,6}$/.test(text) && Number(text) <= 1_000_000;
}

function repeated(texts: readonly string[]): string[] {
  return [...new Set(texts.filter((text, index) => texts.indexOf(text) !== index))];
}
