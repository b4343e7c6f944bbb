import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type ApiKey, hashKey } from '../../auth/api-keys.ts';
import { ToldLimits } from '../../auth/client-limits.ts';
import { behindGateway, keyNameOf, type Principal, requireUser, toPrincipal } from '../../auth/principal.ts';
import { SandboxError } from '../../base/errors.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import { comesTwice } from '../requests/request-heads.ts';
import { toldPrincipal } from './gateway-headers.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null on routes that need no key. */
    principal: Principal | null;
  }
  interface FastifyContextConfig {
    /** True on a route that is about no user, so that keys which are bound to some users may call it. */
    isAboutNoUser?: boolean;
    /** True on a route whose requests are counted for their key. */
    needsKey?: boolean;
  }
}

interface KeyMatch {
  readonly key: ApiKey;
  readonly principal: Principal;
}

/** How a dialect finds out who asks, and about which user. */
interface Guarded {
  principalOf(request: FastifyRequest, keys: KeyCheck): Principal | Promise<Principal>;
  addressOf(request: FastifyRequest): { readonly id: string } | null;
}

/** Lets requests pass that show one of the keys. */
export class KeyCheck {
  readonly #matches: readonly KeyMatch[];
  readonly #limits: RateLimits;
  readonly #toldLimits: ToldLimits;

  /** Notes in `toldLimits` what gateways say that their clients may have. */
  constructor(keys: readonly ApiKey[], limits: RateLimits, toldLimits = new ToldLimits()) {
    this.#toldLimits = toldLimits;
    this.#matches = keys.map((key) => ({ key, principal: toPrincipal(key) }));
    this.#limits = limits;
  }

  /** Closes the routes of this scope to all but principals, each for the users that its prefix fits; throws `forbidden` for others. */
  guard(scope: FastifyInstance, dialect: Guarded): void {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, needsKey: true };
    });
    scope.addHook('onRequest', async (request) => {
      const found = dialect.principalOf(request, this);
      request.principal = found instanceof Promise ? await found : found;
      requireOwnUser(request, request.principal, dialect.addressOf(request));
    });
  }

  /**
   * The holder of the key that a request shows, as `X-API-Key`, as a Bearer token or as the password of HTTP Basic, within that key's
   * rate; throws `unauthorized` or `too_many`. The comparison takes the same time whichever key it is, and a right key passes whatever
   * else came from the same address.
   */
  admit(request: FastifyRequest): Principal {
    const known = this.admitKnown(request);
    if (known) return known;
    request.hasWrongKey = presentedKey(request) !== '';
    if (request.hasWrongKey) this.#limits.countFailure(request);
    else this.#limits.countOpenRequest(request);
    throw new SandboxError('unauthorized', 'Invalid API key');
  }

  /** The holder of the key that a request shows, within its rate, whoever else is let in; null where it shows none, which nobody counts. */
  admitKnown(request: FastifyRequest): Principal | null {
    const match = findMatch(this.#matches, hashKey(presentedKey(request)));
    if (!match) return null;
    // The log names it also where that is one too many.
    request.principal = match.principal;
    this.#limits.countRequest(match.key);
    const told = toldPrincipal(request, match.key);
    if (told === null) return match.principal;
    const principal = behindGateway(match.principal, told.name, told.userPrefix, told.limits);
    this.#toldLimits.note(principal.name, told.limits);
    return principal;
  }

  /** True where this is one of the keys. */
  isKey(text: string): boolean {
    return findMatch(this.#matches, hashKey(text)) !== undefined;
  }

  /** Lets somebody in who needs no key, within the rate of an address. */
  admitVisitor(request: FastifyRequest): void {
    this.#limits.countOpenRequest(request);
  }

  /** True where `Authorization` holds a key, whatever else the request shows. */
  hasKeyInAuthorization(request: FastifyRequest): boolean {
    return findMatch(this.#matches, hashKey(keyOfAuthorization(request))) !== undefined;
  }

  /** The holder of the key of this name, or somebody behind a gateway's, within its rate; throws `unauthorized` where it is gone, or `too_many`. */
  admitNamed(request: FastifyRequest, name: string): Principal {
    const keyName = keyNameOf(name);
    const match = this.#matches.find(({ key }) => key.name === keyName && (name === keyName || key.isGateway === true));
    if (!match) throw new SandboxError('unauthorized', `The key ${name} behind this is gone.`);
    request.principal = match.principal;
    this.#limits.countRequest(match.key);
    return name === keyName ? match.principal : behindGateway(match.principal, name.slice(keyName.length + 1), '');
  }

  /** Counts a signature or token that is none for the address of who asks; throws `too_many` after many. */
  noteBadSignature(request: FastifyRequest): void {
    this.#limits.countBadSignature(request);
  }

  /** Throws `unauthorized` for a signature or token that is none, which is no wrong key; `too_many` after many from the address of who asks. */
  refuseSignature(request: FastifyRequest, sentence: string): never {
    this.noteBadSignature(request);
    throw new SandboxError('unauthorized', sentence);
  }
}

/** Counts for its address whatever needs no key: documents, and what is no route at all. */
export function limitOpenRequests(app: FastifyInstance, limits: RateLimits): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.routeOptions.config?.needsKey !== true) limits.countOpenRequest(request);
    done();
  });
}

/** Compares with every key, so that the time says nothing about which one it was. */
function findMatch(matches: readonly KeyMatch[], digest: Buffer): KeyMatch | undefined {
  let found: KeyMatch | undefined;
  for (const match of matches) if (timingSafeEqual(match.key.digest, digest)) found = match;
  return found;
}

/** A route that does not say whose sandbox it is about is closed to keys that are bound to some users. */
function requireOwnUser(request: FastifyRequest, principal: Principal, user: { id: string } | null): void {
  if (request.routeOptions.config.isAboutNoUser !== true) requireUser(principal, user?.id);
}

/** The key that a request shows, as `X-API-Key` or in `Authorization`; empty where it shows none. */
export function presentedKey(request: FastifyRequest): string {
  const header = request.headers['x-api-key'];
  return typeof header === 'string' ? header : keyOfAuthorization(request);
}

function keyOfAuthorization(request: FastifyRequest): string {
  // Node shows the first alone, where a proxy may have looked at the last.
  if (comesTwice(request.raw.rawHeaders, 'Authorization')) return request.headers.authorization ?? '';
  const credentials = authorizationOf(request);
  if (credentials === null) return '';
  return credentials.scheme === 'bearer' ? credentials.token : credentials.password;
}

/** What `Authorization` holds: a Bearer token, or the two parts of HTTP Basic; null where that is nothing, something else or there twice. */
export function authorizationOf(
  request: FastifyRequest,
):
  | { readonly scheme: 'bearer'; readonly token: string }
  | { readonly scheme: 'basic'; readonly user: string; readonly password: string }
  | null {
  const { authorization } = request.headers;
  if (authorization === undefined || comesTwice(request.raw.rawHeaders, 'Authorization')) return null;
  const space = authorization.indexOf(' ');
  const scheme = authorization.slice(0, space).toLowerCase();
  const credential = authorization.slice(space + 1).trim();
  if (scheme === 'bearer') return { scheme, token: credential };
  if (scheme !== 'basic') return null;
  const pair = Buffer.from(credential, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? null : { scheme, user: pair.slice(0, colon), password: pair.slice(colon + 1) };
}
