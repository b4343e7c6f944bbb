import { isIPv6 } from 'node:net';

/** An IP address as a number. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
  /** As it goes to the operating system. */
  readonly text: string;
}

/** A range of addresses of one family. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly base: bigint;
  readonly prefix: number;
}

const DOTTED_QUAD = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const LEADING_ZERO = /(?:^|\.)0\d/;

/** Reads an address in its plain form only: four decimal numbers, or IPv6 without zone and brackets; undefined for all else. */
export function parseAddress(text: string): Address | undefined {
  if (DOTTED_QUAD.test(text) && !LEADING_ZERO.test(text)) return { family: 4, value: quadToNumber(text), text };
  if (!text.includes('%') && isIPv6(text)) return { family: 6, value: groupsToNumber(text), text };
  return undefined;
}

/** The IPv4 address of a number. */
export function toIPv4(value: bigint): Address {
  const text = [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
  return { family: 4, value, text };
}

/** Reads `10.0.0.0/8`, `fd00::/8` or a single address; undefined where it is neither, or has bits beyond its prefix. */
export function parseCidr(text: string): Cidr | undefined {
  const [head = '', length, ...more] = text.split('/');
  const address = parseAddress(head);
  if (!address || more.length > 0) return undefined;
  const width = address.family === 4 ? 32 : 128;
  if (length === undefined) return { family: address.family, base: address.value, prefix: width };
  const prefix = Number(length);
  if (!/^\d{1,3}$/.test(length) || prefix > width) return undefined;
  const hostBits = (1n << BigInt(width - prefix)) - 1n;
  return (address.value & hostBits) === 0n ? { family: address.family, base: address.value, prefix } : undefined;
}

/** True where the range holds the address; ranges and addresses of different families never meet. */
export function isWithin(cidr: Cidr, address: Address): boolean {
  if (cidr.family !== address.family) return false;
  const shift = BigInt((cidr.family === 4 ? 32 : 128) - cidr.prefix);
  return address.value >> shift === cidr.base >> shift;
}

function quadToNumber(text: string): bigint {
  return text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function groupsToNumber(text: string): bigint {
  const quad = /(?<=:)\d+\.\d+\.\d+\.\d+$/.exec(text)?.[0];
  const plain = quad === undefined ? text : text.slice(0, -quad.length) + quadToGroups(quad);
  const [head = '', tail] = plain.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? [] : Array<string>(8 - first.length - last.length).fill('0');
  return [...first, ...gap, ...last].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function quadToGroups(quad: string): string {
  const value = quadToNumber(quad);
  return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}
