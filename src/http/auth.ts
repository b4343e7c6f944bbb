import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type ApiKey, hashKey } from '../auth/api-keys.ts';
import { SandboxError } from '../errors.ts';
import type { RateLimits } from './rate-limits.ts';
import { comesTwice } from './request-heads.ts';

/** Whose request it is. */
export interface Auth {
  readonly keyName: string;
  /** How many sandboxes that were made with this key may exist; null for any number. */
  readonly maxSandboxes: number | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null on routes that need no key. */
    auth: Auth | null;
  }
  interface FastifyContextConfig {
    /** True on a route that is about no user, so that keys which are bound to some users may call it. */
    isAboutNoUser?: boolean;
    /** True on a route whose requests are counted for their key. */
    needsKey?: boolean;
  }
}

interface Door {
  readonly key: ApiKey;
  readonly auth: Auth;
}

/**
 * Lets a request of this scope pass if it shows one of the keys, as `X-API-Key`, as a Bearer token or as the password of HTTP
 * Basic, within that key's rate and for that key's users; throws `unauthorized`, `too_many` or `forbidden`. The comparison
 * takes the same time whichever key it is, and a right key passes whatever else came from the same address.
 */
export function requireKey(app: FastifyInstance, keys: readonly ApiKey[], limits: RateLimits): void {
  const doors = keys.map((key) => ({ key, auth: { keyName: key.name, maxSandboxes: key.maxSandboxes } }));
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, needsKey: true };
  });
  app.addHook('onRequest', async (request) => {
    const presented = presentedKey(request);
    const door = findDoor(doors, hashKey(presented));
    if (!door) {
      request.hasWrongKey = presented !== '';
      if (request.hasWrongKey) limits.countFailure(request);
      else limits.countOpenRequest(request);
      throw new SandboxError('unauthorized', 'Invalid API key');
    }
    request.auth = door.auth;
    limits.countRequest(door.key);
    demandOwnUser(request, door.key);
  });
}

/** Counts for its address whatever needs no key: documents, and what is no route at all. */
export function limitOpenRequests(app: FastifyInstance, limits: RateLimits): void {
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config?.needsKey !== true) limits.countOpenRequest(request);
  });
}

/** Compares with every key, so that the time says nothing about which one it was. */
function findDoor(doors: readonly Door[], digest: Buffer): Door | undefined {
  let found: Door | undefined;
  for (const door of doors) if (timingSafeEqual(door.key.digest, digest)) found = door;
  return found;
}

/** A route that does not say whose sandbox it is about is closed to keys that are bound to some users. */
function demandOwnUser(request: FastifyRequest, key: ApiKey): void {
  if (key.userPrefix === '' || request.routeOptions.config.isAboutNoUser === true) return;
  const { params } = request;
  const userId = typeof params === 'object' && params !== null && 'user_id' in params ? params.user_id : undefined;
  if (typeof userId === 'string' && userId.startsWith(key.userPrefix)) return;
  throw new SandboxError(
    'forbidden',
    `The key ${key.name} is only for users whose ids begin with ${JSON.stringify(key.userPrefix)}.`,
  );
}

/** Empty where the request shows no key. */
function presentedKey(request: FastifyRequest): string {
  const header = request.headers['x-api-key'];
  if (typeof header === 'string') return header;
  const { authorization } = request.headers;
  if (authorization === undefined) return '';
  // Node shows the first alone, where a proxy may have looked at the last.
  if (comesTwice(request.raw.rawHeaders, 'Authorization')) return authorization;
  const space = authorization.indexOf(' ');
  const scheme = authorization.slice(0, space).toLowerCase();
  const credential = authorization.slice(space + 1).trim();
  if (scheme === 'bearer') return credential;
  if (scheme !== 'basic') return '';
  const pair = Buffer.from(credential, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? '' : pair.slice(colon + 1);
}
