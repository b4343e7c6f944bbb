import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { parseAddress } from '../../base/ip-address.ts';

type Sender = Pick<FastifyRequest, 'ip' | 'socket'>;

/** The address that a request came from, in its plain form: behind a trusted proxy that of the proxy's client; null where nobody knows it any more. */
export function addressOf(request: Sender): string | null {
  const { remoteAddress } = request.socket;
  const { ip } = request;
  // A proxy may pass on what is no address.
  return toPlain(ip !== undefined && isIP(ip) ? ip : remoteAddress);
}

/** An IPv4 address as such where a socket shows it as IPv6. */
export function toPlain(ip: string | undefined): string | null {
  if (ip === undefined) return null;
  return ip.includes('.') && ip.includes(':') ? ip.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '') : ip;
}

/** What the client of a request counts as; behind a trusted proxy that is the client of the proxy. */
export function clientAddress(request: Sender): string {
  // What is no address would be a new client each time.
  return toClient(addressOf(request) ?? undefined);
}

/** What one client counts as: its IPv4 address, or the network of 2^64 addresses that one client has with IPv6. */
export function toClient(ip: string | undefined): string {
  const plain = toPlain(ip);
  // A client that has gone has no address any more.
  if (plain === null) return 'gone';
  if (!plain.includes(':')) return plain;
  const address = parseAddress(plain.split('%')[0] ?? '');
  if (!address) return plain;
  const groups = [112n, 96n, 80n, 64n].map((shift) => (address.value >> shift) & 0xffffn);
  return groups.map((group) => group.toString(16)).join(':');
}
