import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiKey } from '../api-keys.ts';
import { SandboxError } from '../errors.ts';

/** How many wrong keys one address may show in `FAILURE_WINDOW_MS`. */
const MAX_FAILURES = 10;

const FAILURE_WINDOW_MS = 60_000;

/** How many addresses are remembered for their wrong keys, and how many for their requests. */
const MAX_ADDRESSES = 10_000;

/** Counts requests in memory; each method throws `too_many` when there were too many of its kind. */
export interface RateLimits {
  /** A request without a right key, by its address. */
  countFailure(request: FastifyRequest): Promise<void>;
  /** A request with this key, from whatever address. */
  countRequest(request: FastifyRequest, key: ApiKey): Promise<void>;
  /** A request to a route that needs no key, by its address. */
  countOpenRequest(request: FastifyRequest): Promise<void>;
}

/** The limits of this server; `perSecond` holds for keys without a rate of their own and for open routes, 0 is no limit. */
export async function createRateLimits(app: FastifyInstance, perSecond: number): Promise<RateLimits> {
  await app.register(rateLimit, { global: false, cache: MAX_ADDRESSES, keyGenerator: addressOf });
  const failures = app.createRateLimit({ max: MAX_FAILURES, timeWindow: FAILURE_WINDOW_MS });
  const open = app.createRateLimit({ max: perSecond, timeWindow: 1000 });
  const byKey = new Map<ApiKey, Limiter | null>();

  const limiterOf = (key: ApiKey): Limiter | null => {
    let limiter = byKey.get(key);
    if (limiter === undefined) {
      limiter = toLimiter(app, key, perSecond);
      byKey.set(key, limiter);
    }
    return limiter;
  };
  return {
    countFailure: async (request) => {
      demand(await failures(request), 'Too many requests with a wrong API key came from your address; wait');
    },
    countRequest: async (request, key) => {
      const limiter = limiterOf(key);
      if (limiter) demand(await limiter(request), `The key ${key.name} may make no more requests for now; wait`);
    },
    countOpenRequest: async (request) => {
      if (perSecond > 0) demand(await open(request), 'Too many requests came from your address; wait');
    },
  };
}

/** The client's address, or the network of 2^64 addresses that one IPv6 client has; one that has gone has none. */
function addressOf(request: { readonly ip?: string }): string {
  return request.ip ? normalizeIP(request.ip) : 'gone';
}

type Limiter = ReturnType<FastifyInstance['createRateLimit']>;

/** A burst of requests in each stretch of time that keeps the average. */
function toLimiter(app: FastifyInstance, key: ApiKey, perSecond: number): Limiter | null {
  const rate = key.rate ?? { perSecond, burst: perSecond };
  if (rate.perSecond === 0) return null;
  const timeWindow = Math.ceil((rate.burst / rate.perSecond) * 1000);
  return app.createRateLimit({ max: rate.burst, timeWindow, keyGenerator: () => key.name });
}

function demand(outcome: Awaited<ReturnType<Limiter>>, sentence: string): void {
  if (outcome.isAllowed || !outcome.isExceeded) return;
  const seconds = Math.max(1, outcome.ttlInSeconds);
  throw new SandboxError('too_many', `${sentence} ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`, {
    retryAfterSeconds: seconds,
  });
}
