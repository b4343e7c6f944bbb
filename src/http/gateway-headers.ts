import type { FastifyRequest } from 'fastify';
import { type ApiKey, KEY_NAME } from '../auth/api-keys.ts';
import { SandboxError } from '../errors.ts';

/** What a gateway says of a request: for whom it asks, which users those may be about, in which dialect it came, and where to. */
export const GATEWAY_HEADERS = {
  principal: 'x-sandbox-principal',
  userPrefix: 'x-sandbox-user-prefix',
  dialect: 'x-sandbox-dialect',
  origin: 'x-sandbox-origin',
} as const;

/** Gateways one behind the other. */
const MOST_GATEWAYS = 4;

/** The dialect that a gateway tells where the path of the request decides. */
export const BY_PATH = 'by-path';

/** For whom a gateway asks; null for what says nothing of it. Throws `forbidden` where the key is no gateway's, `invalid` for what is no name. */
export function toldPrincipal(
  { headers }: FastifyRequest,
  key: ApiKey,
): { readonly name: string; readonly userPrefix: string } | null {
  const name = headers[GATEWAY_HEADERS.principal];
  if (name === undefined) return null;
  if (key.isGateway !== true) {
    const sentence = `X-Sandbox-Principal is believed from a gateway alone, and the key ${key.name} is none of one; npm run key -- <name> --gateway makes one.`;
    throw new SandboxError('forbidden', sentence);
  }
  const parts = String(name).split('/');
  if (parts.length > MOST_GATEWAYS || !parts.every((part) => KEY_NAME.test(part))) {
    throw new SandboxError('invalid', 'X-Sandbox-Principal is not the name of a key.');
  }
  return { name: parts.join('/'), userPrefix: toPrefix(headers[GATEWAY_HEADERS.userPrefix]) };
}

/** Where a gateway was asked, as the beginning of URLs; null for what says nothing of it. */
export function toldOrigin({ headers, principal }: FastifyRequest): string | null {
  const origin = headers[GATEWAY_HEADERS.origin];
  if (typeof origin !== 'string' || principal === null || !/^https?:/.test(origin)) return null;
  return URL.canParse(origin) && new URL(origin).origin === origin ? origin : null;
}

function toPrefix(encoded: string | string[] | undefined): string {
  try {
    return decodeURIComponent(String(encoded ?? ''));
  } catch {
    throw new SandboxError('invalid', 'X-Sandbox-User-Prefix is not valid percent-encoding.');
  }
}
