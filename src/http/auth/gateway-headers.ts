import type { FastifyRequest } from 'fastify';
import { type ApiKey, KEY_NAME } from '../../auth/api-keys.ts';
import type { ClientLimits } from '../../auth/client-limits.ts';
import type { Principal } from '../../auth/principal.ts';
import { SandboxError } from '../../base/errors.ts';

/** What a gateway says of a request: for whom it asks, which users those may be about, what that client may have, in which dialect it came, and where to. */
export const GATEWAY_HEADERS = {
  principal: 'x-sandbox-principal',
  userPrefix: 'x-sandbox-user-prefix',
  limits: 'x-sandbox-limits',
  dialect: 'x-sandbox-dialect',
  origin: 'x-sandbox-origin',
} as const;

/** Of a client of a gateway: how many sandboxes, and bytes of the disk. */
const LIMITS = /^(?:sandboxes=([1-9]\d{0,6}))?;?(?:disk=([1-9]\d{0,15}))?$/;

/** Gateways one behind the other. */
const MOST_GATEWAYS = 4;

/** The dialect that a gateway tells where the path of the request decides. */
export const BY_PATH = 'by-path';

/** Whom a gateway asks for. */
export interface ToldPrincipal {
  readonly name: string;
  readonly userPrefix: string;
  readonly limits: ClientLimits;
}

/** For whom a gateway asks; null for what says nothing of it. Throws `forbidden` where the key is no gateway's, `invalid` for what is no name. */
export function toldPrincipal({ headers }: FastifyRequest, key: ApiKey): ToldPrincipal | null {
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
  return {
    name: parts.join('/'),
    userPrefix: toPrefix(headers[GATEWAY_HEADERS.userPrefix]),
    limits: toLimits(headers[GATEWAY_HEADERS.limits]),
  };
}

/** Where a gateway was asked, as the beginning of URLs; null for what says nothing of it. */
export function toldOrigin({ headers, principal }: FastifyRequest): string | null {
  const origin = headers[GATEWAY_HEADERS.origin];
  if (typeof origin !== 'string' || principal === null || !/^https?:/.test(origin)) return null;
  return URL.canParse(origin) && new URL(origin).origin === origin ? origin : null;
}

/** What a gateway tells of its client's limits; null where there are none. */
export function limitsHeader({ client, ...own }: Principal): string | null {
  const { maxSandboxes, maxDiskBytes } = client ?? { maxDiskBytes: null, ...own };
  const all = [
    ...(maxSandboxes === null ? [] : [`sandboxes=${maxSandboxes}`]),
    ...(maxDiskBytes === null ? [] : [`disk=${maxDiskBytes}`]),
  ];
  return all.length === 0 ? null : all.join(';');
}

function toLimits(text: string | string[] | undefined): ClientLimits {
  const found = LIMITS.exec(String(text ?? ''));
  if (!found) throw new SandboxError('invalid', 'X-Sandbox-Limits is not like sandboxes=20;disk=1073741824.');
  const [, sandboxes, disk] = found;
  return { maxSandboxes: sandboxes ? Number(sandboxes) : null, maxDiskBytes: disk ? Number(disk) : null };
}

function toPrefix(encoded: string | string[] | undefined): string {
  try {
    return decodeURIComponent(String(encoded ?? ''));
  } catch {
    throw new SandboxError('invalid', 'X-Sandbox-User-Prefix is not valid percent-encoding.');
  }
}
