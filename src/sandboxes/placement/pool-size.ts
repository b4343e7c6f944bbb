import type { Clock } from '../../async/clock.ts';

/** As many wait where nobody has asked for any lately. */
const LEAST = 2;

/** Never more wait, however many are asked for. */
const MOST = 200;

/** Sandboxes that are asked for within so long are one burst, in milliseconds: a pool is not filled again meanwhile. */
const BURST_MS = 15_000;

/** For so long the largest burst counts, in milliseconds. */
const REMEMBERED_MS = 600_000;

/** What one that waits takes of the machine's memory, about: its agent, its interpreters and what the engine has for it. */
const COST_BYTES = 32 * 2 ** 20;

/** Those that wait may have this share of the memory that is free without them. */
const SHARE = 1 / 4;

/** What the size of the pool depends on. */
export interface PoolSizeParts {
  /** A number, or `auto`: as many as the largest burst of the last minutes. */
  readonly wanted: number | 'auto';
  readonly clock: Clock;
  /** How much of the machine's memory is free. */
  readonly availableBytes: () => number;
}

/** How many sandboxes are to wait for a claim. */
export class PoolSize {
  readonly #parts: PoolSizeParts;
  /** When sandboxes were asked for, oldest first. */
  readonly #askedAtMs: number[] = [];

  constructor(parts: PoolSizeParts) {
    this.#parts = parts;
  }

  /** False where none is ever to wait. */
  get isPooling(): boolean {
    return this.#parts.wanted !== 0;
  }

  /** True where another moment may want another number. */
  get changes(): boolean {
    return this.#parts.wanted === 'auto';
  }

  /** Notes that somebody wants a fresh sandbox, whether one waits or not. */
  note(): void {
    if (this.#parts.wanted !== 'auto') return;
    this.#askedAtMs.push(this.#parts.clock.monotonicMs());
    // A burst beyond the most says no more than one of that size, and the rest of the last minutes is smaller.
    if (this.#askedAtMs.length > 10 * MOST) this.#askedAtMs.splice(0, MOST);
  }

  /** How many are to wait, where `waiting` do already. */
  target(waiting: number): number {
    const { wanted, availableBytes } = this.#parts;
    if (wanted !== 'auto') return wanted;
    const affordable = Math.floor(((availableBytes() + waiting * COST_BYTES) * SHARE) / COST_BYTES);
    return Math.min(Math.max(LEAST, this.#largestBurst()), Math.max(LEAST, affordable), MOST);
  }

  #largestBurst(): number {
    const sinceMs = this.#parts.clock.monotonicMs() - REMEMBERED_MS;
    const asked = this.#askedAtMs;
    while (asked[0] !== undefined && asked[0] < sinceMs) asked.shift();
    let largest = 0;
    let first = 0;
    asked.forEach((atMs, index) => {
      while ((asked[first] ?? atMs) < atMs - BURST_MS) first += 1;
      largest = Math.max(largest, index - first + 1);
    });
    return largest;
  }
}
