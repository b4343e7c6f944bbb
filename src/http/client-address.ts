import { isIP, isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** What the client of a request counts as; behind a trusted proxy that is the client of the proxy. */
export function clientAddress(request: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  // A proxy may pass on what is no address, which would be a new client each time.
  return toClient(isIP(request.ip ?? '') ? request.ip : request.socket.remoteAddress);
}

/** What one client counts as: its IPv4 address, or the network of 2^64 addresses that one client has with IPv6. */
export function toClient(ip: string | undefined): string {
  // A client that has gone has no address any more.
  if (ip === undefined || !isIPv6(ip)) return ip ?? 'gone';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = ip.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail ?? '').split(':')];
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
