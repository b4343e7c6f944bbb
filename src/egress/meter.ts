import type { Clock } from '../async/clock.ts';
import { type EgressCounters, newCounters } from './egress-counters.ts';

/** What one sandbox may use of the way out; 0 stands for no limit. */
export interface EgressLimits {
  readonly maxConnections: number;
  /** Both directions of all connections together. */
  readonly bytesPerSecond: number;
  /** The same, since the sandbox was started. */
  readonly maxBytes: number;
}

/** How many connections a sandbox may ask for in a second, and how many at once after a rest: bounds log and name servers. */
const DIALS_PER_SECOND = 50;
const DIAL_BURST = 100;

/** How long a connection may have to wait for its turn, in milliseconds: as long as all that an agent can ask for at once. */
const MAX_WAIT_MS = 3_000;

/** How far ahead of its bandwidth a sandbox may be after a rest, in milliseconds. */
const BURST_MS = 250;

/** Counts what one sandbox uses, and says how long to wait so that it stays within its limits. */
export class EgressMeter {
  readonly limits: EgressLimits;
  readonly counters: EgressCounters = newCounters();
  readonly #clock: Clock;
  #bytes = 0;
  #dialsUntilMs = Number.NEGATIVE_INFINITY;
  #bytesUntilMs = Number.NEGATIVE_INFINITY;

  constructor(limits: EgressLimits, clock: Clock) {
    this.limits = limits;
    this.#clock = clock;
  }

  /** Bytes so far, both directions of all connections. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True where no byte is left. */
  get isSpent(): boolean {
    return this.limits.maxBytes > 0 && this.#bytes >= this.limits.maxBytes;
  }

  /** Counts a wish for a connection; the milliseconds to wait for its turn. Null, and not counted, where too many wait or have waited. */
  countDial(): number | null {
    const now = this.#clock.monotonicMs();
    const restedMs = now - (DIAL_BURST / DIALS_PER_SECOND) * 1000;
    const untilMs = Math.max(this.#dialsUntilMs, restedMs) + 1000 / DIALS_PER_SECOND;
    if (untilMs - now > MAX_WAIT_MS) return null;
    this.#dialsUntilMs = untilMs;
    return Math.max(0, untilMs - now);
  }

  /** Counts a connection in; false where there are too many. */
  begin(): boolean {
    if (this.counters.open >= this.limits.maxConnections) return false;
    this.counters.open += 1;
    return true;
  }

  /** Counts a connection out. */
  end(): void {
    this.counters.open -= 1;
  }

  /** Counts bytes; the milliseconds to wait before more are taken. */
  countBytes(bytes: number): number {
    this.#bytes += bytes;
    const { bytesPerSecond } = this.limits;
    if (bytesPerSecond === 0) return 0;
    const now = this.#clock.monotonicMs();
    this.#bytesUntilMs = Math.max(this.#bytesUntilMs, now - BURST_MS) + (bytes / bytesPerSecond) * 1000;
    return Math.max(0, this.#bytesUntilMs - now);
  }
}
