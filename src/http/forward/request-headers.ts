import type { FastifyRequest } from 'fastify';
import { endToEnd, type Header, toHeaders } from '../../base/message-headers.ts';
import { GATEWAY_HEADERS } from '../auth/gateway-headers.ts';
import { addressOf } from '../clients/client-address.ts';
import { takeCookie } from './cookies.ts';

/** The cookie that opens a private port in a browser. */
export const PORT_COOKIE = '__Host-clara-port';

/** What a proxy says of its client; strangers are not believed. */
export const FROM_PROXIES = /^(?:forwarded|x-forwarded-.*|x-real-ip)$/;

/** Of this server's own business with the client. */
const OWN: ReadonlySet<string> = new Set(['host', 'expect', 'x-api-key', 'cookie', ...Object.values(GATEWAY_HEADERS)]);

interface Toward {
  /** What the server in the sandbox is called. */
  readonly host: string;
  /** The part of the path that it does not see; null where it sees all. */
  readonly prefix: string | null;
  /** True where `Authorization` is a key of this server. */
  readonly hidesAuthorization: boolean;
}

/** The headers that a server in a sandbox gets of a request: no key of this server, and of the client what this server knows. */
export function toPortHeaders(
  request: FastifyRequest,
  { host, prefix, hidesAuthorization }: Toward,
): readonly Header[] {
  const kept = endToEnd(toHeaders(request.raw.rawHeaders)).filter(([name]) => {
    const key = name.toLowerCase();
    if (OWN.has(key) || FROM_PROXIES.test(key)) return false;
    return !(key === 'authorization' && hidesAuthorization);
  });
  const { rest: cookies } = takeCookie(request.headers.cookie ?? '', PORT_COOKIE);
  const known: readonly (readonly [string, string | null])[] = [
    ['Host', host],
    ['Cookie', cookies],
    ['X-Forwarded-For', addressOf(request)],
    ['X-Forwarded-Proto', request.protocol],
    ['X-Forwarded-Host', request.host],
    ['X-Forwarded-Prefix', prefix],
  ];
  return [...known.flatMap(([name, value]): Header[] => (value === null ? [] : [[name, value]])), ...kept];
}
