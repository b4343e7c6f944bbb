import { z } from 'zod';
import { parseApiKeys } from '../auth/api-keys.ts';
import { type Cidr, parseCidr } from '../base/ip-address.ts';
import { parseSize } from '../base/size.ts';
import { parsePattern } from '../egress/pattern.ts';

/** A size of at least `minimumBytes`, in bytes. */
export function size(minimumBytes: number) {
  return sizeWith(minimumBytes, '');
}

/** Like `size`, and 0 for no limit. */
export function sizeOrNone(minimumBytes: number) {
  return sizeWith(minimumBytes, ', or 0 for none');
}

function sizeWith(minimumBytes: number, orNone: string) {
  return z.string().transform((text, context) => {
    if (orNone !== '' && text.trim() === '0') return 0;
    const bytes = parseSize(text);
    if (bytes !== undefined && bytes >= minimumBytes) return bytes;
    context.addIssue(`must be a size such as 512m or 2g, at least ${minimumBytes} bytes${orNone}`);
    return z.NEVER;
  });
}

/** Whether something is so. */
export const flag = z.enum(['true', 'false'], 'must be true or false');

/** Headers for a collector of traces, as OpenTelemetry writes them: `name=value` with commas between, percent-encoded. */
export const otlpHeaders = z.string().transform((text, context) => {
  const pairs = text.split(',').filter((part) => part.trim() !== '');
  const parsed = pairs.map((pair) => /^\s*([!#$%&'*+.^`|~\w-]+)\s*=\s*([!-~ ]*?)\s*$/.exec(pair));
  if (parsed.every((match) => match !== null)) {
    return Object.fromEntries(parsed.map(([, name = '', value = '']) => [name, decoded(value)]));
  }
  context.addIssue('must be name=value pairs with commas between');
  return z.NEVER;
});

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A number within these bounds. */
export function number(minimum: number, maximum: number) {
  return z.coerce
    .number(`must be a number from ${minimum} to ${maximum}`)
    .min(minimum, `must be ${minimum} or more`)
    .max(maximum, `must be ${maximum} or less`);
}

/** A whole number within these bounds. */
export function integer(minimum: number, maximum: number) {
  return number(minimum, maximum).int('must be a whole number');
}

/** The same, or a word. */
export function integerOr<Word extends string>(word: Word, minimum: number, maximum: number) {
  const expected = `must be ${word}, or a whole number from ${minimum} to ${maximum}`;
  const parsed = z.coerce.number(expected).int(expected).min(minimum, expected).max(maximum, expected);
  return z.union([z.literal(word), parsed], { error: expected });
}

/** User ids, both ends included. */
export interface UidRange {
  readonly first: number;
  readonly last: number;
}

/** Below are those of a system, above is what programs take for a negative number. */
const UIDS: UidRange = { first: 1_000, last: 2_147_483_646 };

/** A range of user ids, or `auto`. */
export const uidRange = z.string().transform((text, context): UidRange | 'auto' => {
  if (text === 'auto') return text;
  const [, first, last] = (/^(\d{1,10})-(\d{1,10})$/.exec(text.trim()) ?? []).map(Number);
  if (first !== undefined && last !== undefined && first >= UIDS.first && first <= last && last <= UIDS.last) {
    return { first, last };
  }
  context.addIssue(`must be auto, or a range of user ids such as 100000-165535, from ${UIDS.first} to ${UIDS.last}`);
  return z.NEVER;
});

/** What an interpreter imports ahead: `auto`, `none`, or names of modules. */
export const preload = z.string().transform((text, context) => {
  if (text === 'auto' || text === 'none') return text;
  const modules = text.split(',').map((name) => name.trim());
  if (modules.every((name) => /^[A-Za-z_][\w.]*$/.test(name)) && modules.length <= 16) return modules;
  context.addIssue('must be auto, none, or up to 16 module names with commas between them');
  return z.NEVER;
});

/** Patterns of hosts, addresses and ports. */
export const patterns = z.string().transform((text, context) => {
  const parts = text.split(',').map((part) => part.trim());
  return parts.flatMap((part) => {
    const pattern = part === '' ? undefined : parsePattern(part);
    if (!pattern)
      context.addIssue(`has ${JSON.stringify(part)}, which is not like example.org, *.example.org:443 or 10.0.0.0/8`);
    return pattern ? [pattern] : [];
  });
});

/** Names of images, of which one may end with `*` for all that begin so. */
export const imagePatterns = z.string().transform((text, context) => {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => /^[^\s*]*\*?$/.test(part) && part !== '')) return parts;
  context.addIssue('must be names of images such as python:3.12 or team/* with commas between them, or * for all');
  return z.NEVER;
});

/** Addresses and ranges of them, but never all addresses. */
export const ranges = z.string().transform((text, context) => {
  const parts = text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => parseCidr(part.trim()));
  if (parts.every((range): range is Cidr => range !== undefined && range.prefix > 0)) return parts;
  context.addIssue('must be addresses or ranges such as 10.0.0.5 or fd00::/64 with commas between, and not everything');
  return z.NEVER;
});

/** Entries of keys with their hashes. */
export const apiKeys = z.string().transform((text, context) => {
  const { keys, problems } = parseApiKeys(text);
  for (const problem of problems) context.addIssue(problem);
  return keys;
});

/** Origins of web pages, or `*`. */
export const origins = z.string().transform((text, context) => {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => part === '*' || isOrigin(part))) return parts;
  context.addIssue('must be origins such as https://app.example.org with commas between them, or *');
  return z.NEVER;
});

/** Where another server of this project is; without a slash at its end. */
export const farUrl = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && [url.username, url.password, url.search, url.hash].every((part) => part === '');
  if (isPlain && /^https?:$/.test(url.protocol)) return text.replace(/\/+$/, '');
  context.addIssue('must be the address of another server, such as https://sandbox.example.com');
  return z.NEVER;
});

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** True for a private range that small networks are cut out of. */
function isPool(text: string): boolean {
  const cidr = parseCidr(text);
  return cidr?.family === 4 && cidr.prefix <= 29;
}

/** An address and a port to listen on, such as `127.0.0.1:9464` or `[::1]:9464`. */
export const hostAndPort = z
  .string()
  .regex(/^(?:\[[0-9a-f:.]+\]|[\w.-]+):\d{1,5}$/i, 'must be an address and a port, such as 127.0.0.1:9464')
  .transform((text) => {
    const colon = text.lastIndexOf(':');
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port >= 1 && port <= 65_535, 'must have a port from 1 to 65535');

/** A name of hosts, such as `preview.example.org`. */
export const hostName = z
  .string()
  .regex(/^(?=.{1,200}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i, 'must be a name such as preview.example.org');

/** A range to make bridges of. */
export const bridgePool = z
  .string()
  .refine((text) => isPool(text), 'must be an IPv4 range such as 10.213.0.0/16, /29 or larger');

/** Secrets that published examples have. */
const PUBLISHED_SECRETS: readonly string[] = [
  'cloud-sandbox-secret',
  'your-secret-key-change-in-production',
  'dev-secret-key-change-in-production',
];

/** What signs tokens that other programs may make and read too. */
export const jwtSecret = z
  .string()
  .refine((secret) => !PUBLISHED_SECRETS.includes(secret), 'must not be the secret of a published example')
  .min(32, 'must have 32 characters or more');
