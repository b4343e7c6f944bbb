import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from './async/clock.ts';
import { LineFold } from './async/line-fold.ts';
import { TokenBuckets } from './async/token-buckets.ts';

/** Code in a sandbox can make work that goes on for it fail again and again, and each line has a stack. */
const RATE = { perSecond: 1, burst: 100 };

/** The log of work that nobody waits for: a line for each fault, and beyond a rate one line in ten seconds with their number. */
export class FaultLog {
  readonly #logger: Pick<FastifyBaseLogger, 'error'>;
  readonly #lines: TokenBuckets;
  readonly #fold: LineFold;

  constructor(logger: Pick<FastifyBaseLogger, 'error'>, clock: Clock) {
    this.#logger = logger;
    this.#lines = new TokenBuckets(RATE, 1, clock);
    this.#fold = new LineFold((counts) => logger.error(counts, 'background work failed in bulk'));
  }

  /** Writes a line, or counts the fault. */
  write(error: unknown): void {
    if (this.#lines.take('') > 0) this.#fold.add('faults');
    else this.#logger.error({ err: error }, 'background work failed');
  }

  /** Writes the number of those that had no line; for the end of the server. */
  close(): void {
    this.#fold.flush();
  }
}
