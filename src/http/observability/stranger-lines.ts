import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from '../../async/clock.ts';
import { LineFold } from '../../async/line-fold.ts';
import { TokenBuckets } from '../../async/token-buckets.ts';

/** What a log line of somebody without a right key is about. */
export type StrangerLine = 'wrong key' | 'answered';

/** Lines of one client, and of all. Of wrong keys enough for whoever bans addresses, however many other lines there are of the same one. */
const WRONG_KEYS = { perSecond: 10 / 60, burst: 30 };
const OTHERS = { perSecond: 1, burst: 100 };
const OF_ALL = { perSecond: 20, burst: 1_000 };

/** How many clients are remembered. */
const MAX_CLIENTS = 10_000;

/** Bounds the lines that requests without a right key cost; of those beyond, one line in ten seconds has how many had which status. */
export class StrangerLines {
  readonly #wrongKeys: Lines;
  readonly #others: Lines;

  constructor(logger: FastifyBaseLogger, clock: Clock) {
    this.#wrongKeys = new Lines(WRONG_KEYS, clock, (counts) => logger.warn({ statuses: counts }, 'wrong keys in bulk'));
    this.#others = new Lines(OTHERS, clock, (counts) => logger.info({ statuses: counts }, 'answered in bulk'));
  }

  /** True where the client may have a line of its own for an answer with this status; else it is counted. Null is a client that has left. */
  takes(what: StrangerLine, client: string, status: number | null): boolean {
    return (what === 'wrong key' ? this.#wrongKeys : this.#others).takes(client, String(status ?? 'left'));
  }

  /** Writes the numbers of what had no line; for the end of the server. */
  close(): void {
    this.#wrongKeys.fold.flush();
    this.#others.fold.flush();
  }
}

class Lines {
  readonly fold: LineFold;
  readonly #each: TokenBuckets;
  readonly #all: TokenBuckets;

  constructor(each: typeof OTHERS, clock: Clock, write: (counts: Readonly<Record<string, number>>) => void) {
    this.#each = new TokenBuckets(each, MAX_CLIENTS, clock);
    this.#all = new TokenBuckets(OF_ALL, 1, clock);
    this.fold = new LineFold(write);
  }

  takes(client: string, name: string): boolean {
    const hasRoom = this.#each.take(client) === 0 && this.#all.take('') === 0;
    if (!hasRoom) this.fold.add(name);
    return hasRoom;
  }
}
