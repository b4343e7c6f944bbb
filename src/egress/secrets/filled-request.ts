import type { Header } from '../../base/message-headers.ts';
import type { EgressSecret } from './secret.ts';

/** Where clients usually put a key. */
const KEY_HEADERS: readonly string[] = ['authorization', 'x-api-key', 'api-key'];

const BASIC = /^(Basic +)([A-Za-z0-9+/]+={0,2}) *$/i;

/** What of a request holds placeholders. */
export interface RequestHead {
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly Header[];
}

/** What was put in the place of something, which an answer may hold. */
export interface Replacement {
  readonly value: string;
  readonly placeholder: string;
}

/** A request with the values of its secrets, and what was encoded with them. */
export interface FilledRequest extends RequestHead {
  readonly replacements: readonly Replacement[];
}

/** Puts the values in the place of their placeholders, in the headers and the query where each of them may be, and nowhere else. */
export function fillRequest({ target, headers }: RequestHead, secrets: readonly EgressSecret[]): FilledRequest {
  const replacements: Replacement[] = [];
  const filled = headers.map(([name, text]): Header => {
    const here = secrets.filter(({ header }) => isMeant(name.toLowerCase(), header));
    return [name, fillValue(text, here, replacements)];
  });
  return { target: fillQuery(target, secrets), headers: filled, replacements };
}

function isMeant(name: string, header: string | null): boolean {
  return header === null ? KEY_HEADERS.includes(name) : name === header;
}

function fillValue(text: string, secrets: readonly EgressSecret[], replacements: Replacement[]): string {
  if (secrets.length === 0) return text;
  const [, scheme, encoded] = BASIC.exec(text) ?? [];
  if (scheme === undefined || encoded === undefined) return fill(text, secrets, toHeaderText);
  const before = Buffer.from(encoded, 'base64').toString('latin1');
  const after = fill(before, secrets, toHeaderText);
  if (after === before) return text;
  const value = Buffer.from(after, 'latin1').toString('base64');
  replacements.push({ value, placeholder: encoded });
  return scheme + value;
}

function fillQuery(target: string, secrets: readonly EgressSecret[]): string {
  const at = target.indexOf('?');
  if (at < 0) return target;
  const here = secrets.filter(({ isInQuery }) => isInQuery);
  return target.slice(0, at) + fill(target.slice(at), here, encodeURIComponent);
}

function fill(text: string, secrets: readonly EgressSecret[], encode: (value: string) => string): string {
  const parts = secrets.length === 0 ? null : new RegExp(secrets.map(({ placeholder }) => placeholder).join('|'), 'g');
  if (!parts) return text;
  // In one pass: a value that looks like a placeholder is a value.
  return text.replace(parts, (found) => {
    const secret = secrets.find(({ placeholder }) => placeholder === found);
    return secret ? encode(secret.value) : found;
  });
}

/** Headers are bytes, a character each. */
export function toHeaderText(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}
