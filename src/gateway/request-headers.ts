import type { FastifyRequest } from 'fastify';
import type { Principal } from '../auth/principal.ts';
import { endToEnd, toHeaders } from '../base/message-headers.ts';
import { BY_PATH, GATEWAY_HEADERS, limitsHeader } from '../http/auth/gateway-headers.ts';
import { authorizationOf, type KeyCheck } from '../http/auth/key-check.ts';
import { addressOf } from '../http/clients/client-address.ts';
import { FROM_PROXIES } from '../http/forward/request-headers.ts';
import type { FarSide } from './far-side.ts';

/** What only this server says. */
const OWN: ReadonlySet<string> = new Set(['host', 'expect', 'x-request-id', ...Object.values(GATEWAY_HEADERS)]);

/** What a browser says of the page that asks, which this server has judged by its own name. */
const OF_THE_PAGE = /^(?:origin|referer|sec-fetch-.*)$/;

interface Toward {
  readonly far: FarSide;
  readonly keys: KeyCheck;
  /** The key of this server that the client has shown; null where it has shown none. */
  readonly key: string | null;
  /** For whom it is asked; null where the other server believes nothing of it. */
  readonly told: Principal | null;
  readonly dialect: string | undefined;
  /** What URLs begin with by which the client reaches this server. */
  readonly origin: string;
  /** True on hosts of previews, which the other server knows by their names. */
  readonly isPreview: boolean;
  /** True where what a page says of itself is for a server in a sandbox. */
  readonly isOfSandbox: boolean;
}

/** The headers of a request for the other server, names and values in turn: its key in the place of this one's, and who asks. */
export function toFarHeaders(request: FastifyRequest, toward: Toward): string[] {
  const { far, told, dialect, origin, isPreview, isOfSandbox } = toward;
  const said: readonly (readonly [string, string | null])[] = [
    ['Host', isPreview ? (request.headers.host ?? '') : far.host],
    ['Via', far.via],
    // One name for it in the logs of both servers.
    ['X-Request-Id', request.id],
    ['X-Forwarded-For', addressOf(request)],
    ['X-Forwarded-Proto', request.protocol],
    ['X-Forwarded-Host', request.host],
    [GATEWAY_HEADERS.origin, origin],
    [GATEWAY_HEADERS.dialect, dialect ?? BY_PATH],
    [GATEWAY_HEADERS.principal, told?.name ?? null],
    [GATEWAY_HEADERS.limits, told && limitsHeader(told)],
    [GATEWAY_HEADERS.userPrefix, told && told.userPrefix !== '' ? encodeURIComponent(told.userPrefix) : null],
  ];
  const headers: string[] = [];
  for (const [name, value] of said) if (value !== null) headers.push(name, value);
  for (const [name, value] of endToEnd(toHeaders(request.raw.rawHeaders))) {
    const key = name.toLowerCase();
    if (OWN.has(key) || FROM_PROXIES.test(key)) continue;
    if (!isOfSandbox && OF_THE_PAGE.test(key)) continue;
    headers.push(name, withFarKey(request, key, value, toward));
  }
  return headers;
}

/** What the other server issued passes as it is; a key of this one becomes that of the other, in the same place. */
function withFarKey(request: FastifyRequest, name: string, value: string, { far, keys, key }: Toward): string {
  const isKey = (text: string) => text === key || keys.isKey(text);
  if (name === 'x-api-key') return isKey(value) ? far.key : value;
  if (name !== 'authorization') return value;
  const shown = authorizationOf(request);
  if (shown?.scheme === 'bearer') return isKey(shown.token) ? `Bearer ${far.key}` : value;
  if (shown?.scheme !== 'basic' || !isKey(shown.password)) return value;
  return `Basic ${Buffer.from(`${shown.user}:${far.key}`).toString('base64')}`;
}
