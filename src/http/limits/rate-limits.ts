import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../async/clock.ts';
import { TokenBuckets } from '../../async/token-buckets.ts';
import type { ApiKey } from '../../auth/api-keys.ts';
import { counted } from '../../base/counted.ts';
import { SandboxError } from '../../base/errors.ts';
import { clientAddress } from '../clients/client-address.ts';

/** Wrong keys of one address: ten at once, and ten a minute. */
const FAILURE_RATE = { perSecond: 10 / 60, burst: 10 };

/** Signatures and tokens of one address that are none: 600 at once, and 600 a minute. */
const SIGNATURE_RATE = { perSecond: 10, burst: 600 };

/** How many addresses are remembered. */
const MAX_ADDRESSES = 10_000;

/** Counts requests in memory; each method throws `too_many` when there were too many of its kind. */
export class RateLimits {
  readonly #perSecond: number;
  readonly #clock: Clock;
  readonly #failures: TokenBuckets;
  readonly #signatures: TokenBuckets;
  readonly #open: TokenBuckets;
  readonly #keys = new Map<ApiKey, TokenBuckets>();

  /** `perSecond` holds for keys without a rate of their own and for open routes; 0 is no limit. */
  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#failures = new TokenBuckets(FAILURE_RATE, MAX_ADDRESSES, clock);
    this.#signatures = new TokenBuckets(SIGNATURE_RATE, MAX_ADDRESSES, clock);
    this.#open = new TokenBuckets({ perSecond, burst: perSecond }, MAX_ADDRESSES, clock);
  }

  /** A request with a wrong key, by its address. */
  countFailure(request: FastifyRequest): void {
    const seconds = this.#failures.take(clientAddress(request));
    demand(seconds, 'Too many requests with a wrong API key came from your address');
  }

  /** A signed URL or a token that is not good, by its address. */
  countBadSignature(request: FastifyRequest): void {
    const seconds = this.#signatures.take(clientAddress(request));
    demand(seconds, 'Too many requests with a wrong signature or token came from your address');
  }

  /** A request with this key, from whatever address. */
  countRequest(key: ApiKey): void {
    const rate = key.rate ?? { perSecond: this.#perSecond, burst: this.#perSecond };
    if (rate.perSecond === 0) return;
    let buckets = this.#keys.get(key);
    if (!buckets) {
      buckets = new TokenBuckets(rate, 1, this.#clock);
      this.#keys.set(key, buckets);
    }
    demand(buckets.take(key.name), `The key ${key.name} makes more requests than it may`);
  }

  /** A request that shows no key, by its address. */
  countOpenRequest(request: FastifyRequest): void {
    if (this.#perSecond === 0) return;
    demand(this.#open.take(clientAddress(request)), 'Too many requests came from your address');
  }
}

function demand(seconds: number, sentence: string): void {
  if (seconds === 0) return;
  const wait = Math.ceil(seconds);
  throw new SandboxError('too_many', `${sentence}; wait ${counted(wait, 'second', 'seconds')}.`, {
    retryAfterSeconds: wait,
  });
}
