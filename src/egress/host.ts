import { domainToASCII } from 'node:url';
import { type Address, parseAddress } from '../base/ip-address.ts';

/** Where a program wants to go: a name that is to be looked up, or an address. */
export type Host =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'address'; readonly address: Address };

const MAX_NAME = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** URL parsers read a name as a number where its last label looks like one (WHATWG URL, "ends in a number"). */
const NUMERIC = /^(?:\d+|0x[0-9a-f]*)$/;

/**
 * Reads a host in lower case, without trailing dot, international names in ASCII; undefined for what is neither a plain name nor a
 * plain address: `0x7f.1`, `2130706433`, `127.1`, `fe80::1%eth0`, an empty label.
 */
export function parseHost(text: string): Host | undefined {
  if (text.length > 2 * MAX_NAME) return undefined;
  const inner = /^\[(.*)\]$/.exec(text)?.[1];
  if (inner !== undefined || text.includes(':')) {
    const address = parseAddress(inner ?? text);
    return address?.family === 6 ? { kind: 'address', address } : undefined;
  }
  const lower = /^[\x21-\x7e]+$/.test(text) ? text.toLowerCase() : domainToASCII(text);
  const name = lower.endsWith('.') ? lower.slice(0, -1) : lower;
  const address = parseAddress(name);
  if (address) return { kind: 'address', address };
  const labels = name.split('.');
  if (name.length > MAX_NAME || !labels.every((label) => LABEL.test(label))) return undefined;
  return NUMERIC.test(labels.at(-1) ?? '') ? undefined : { kind: 'name', name };
}
