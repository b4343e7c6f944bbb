import type { Clock } from '../../async/clock.ts';
import { withDeadline } from '../../async/deadline.ts';
import { type Address, type Cidr, parseAddress } from '../../base/ip-address.ts';
import { translatedIPv4 } from '../embedded-ipv4.ts';
import type { Resolver } from './resolver.ts';

/** A name that has IPv4 addresses only: where its name server gives it one of IPv6, that is a translated one (RFC 7050). */
const IPV4_ONLY = 'ipv4only.arpa';
const ITS_ADDRESSES = ['192.0.0.170', '192.0.0.171'];

/** The lengths that a prefix can have (RFC 6052, section 2.2). */
const PREFIX_LENGTHS = [96, 64, 56, 48, 40, 32];

/** How long an answer counts, and how long none does, in milliseconds. */
const KNOWN_MS = 600_000;
const UNKNOWN_MS = 60_000;

/** The prefixes with which this machine's network translates IPv6 to IPv4, beside the one that everybody has. */
export class Translators {
  readonly #resolver: Resolver;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #prefixes: Promise<readonly Cidr[]> = Promise.resolve([]);
  #askAgainMs = Number.NEGATIVE_INFINITY;

  constructor(resolver: Resolver, clock: Clock, timeoutMs: number) {
    this.#resolver = resolver;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Asks the name server where nobody has for ten minutes; empty where it does not say. */
  async known(): Promise<readonly Cidr[]> {
    if (this.#clock.monotonicMs() >= this.#askAgainMs) {
      this.#askAgainMs = this.#clock.monotonicMs() + KNOWN_MS;
      this.#prefixes = this.#ask();
    }
    return await this.#prefixes;
  }

  async #ask(): Promise<readonly Cidr[]> {
    try {
      const asked = this.#resolver(IPV4_ONLY, false);
      const texts = await withDeadline(asked, this.#timeoutMs, `${IPV4_ONLY} could not be looked up in time.`);
      return texts.map(parseAddress).flatMap((address) => (address?.family === 6 ? prefixesOf(address) : []));
    } catch {
      this.#askAgainMs = this.#clock.monotonicMs() + UNKNOWN_MS;
      return [];
    }
  }
}

function prefixesOf(address: Address): Cidr[] {
  const lengths = PREFIX_LENGTHS.filter((length) => ITS_ADDRESSES.includes(translatedIPv4(address, length).text));
  return lengths.map((prefix) => {
    const shift = BigInt(128 - prefix);
    return { family: 6, base: (address.value >> shift) << shift, prefix };
  });
}
