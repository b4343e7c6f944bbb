import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from '../async/clock.ts';
import { LineFold } from '../async/line-fold.ts';
import { TokenBuckets } from '../async/token-buckets.ts';

/** How a connection that a sandbox asked for came out. */
export type Verdict = 'allowed' | 'denied' | 'invalid' | 'limit' | 'unreachable' | 'timeout' | 'cancelled';

/** What the log has of one connection. */
export interface EgressLine {
  readonly host: string;
  readonly port: number;
  readonly verdict: Verdict;
  readonly [more: string]: unknown;
}

/** Lines of one sandbox, of connections that were made and of those that were not, and of all sandboxes together. */
const MADE = { perSecond: 10, burst: 1_000 };
const NOT_MADE = { perSecond: 5, burst: 100 };
const OF_ALL = { perSecond: 100, burst: 5_000 };

/** What is logged of a host, which may be any text: a name has 253 characters. */
const MAX_HOST_CHARACTERS = 256;

type Logger = Pick<FastifyBaseLogger, 'info'>;

/** What the logs of all sandboxes share. */
export class EgressLogs {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Those that have counted something which no line says yet. */
  readonly counting = new Set<EgressLog>();
  readonly #lines: TokenBuckets;

  constructor(logger: Logger, clock: Clock) {
    this.logger = logger;
    this.clock = clock;
    this.#lines = new TokenBuckets(OF_ALL, 1, clock);
  }

  /** True where all sandboxes together may have another line, which is counted. */
  takesLine(): boolean {
    return this.#lines.take('') === 0;
  }

  /** Writes all numbers that no line has yet. */
  flush(): void {
    for (const log of this.counting) log.flush();
  }
}

/** The log of one sandbox's connections, whose length its code does not decide. */
export class EgressLog {
  readonly #all: EgressLogs;
  readonly #made: TokenBuckets;
  readonly #notMade: TokenBuckets;
  readonly #fold: LineFold;
  #sandbox: string;

  constructor(all: EgressLogs, sandbox: string) {
    this.#all = all;
    this.#sandbox = sandbox;
    this.#made = new TokenBuckets(MADE, 1, all.clock);
    this.#notMade = new TokenBuckets(NOT_MADE, 1, all.clock);
    this.#fold = new LineFold((counts) => {
      all.counting.delete(this);
      all.logger.info({ sandbox: this.#sandbox, ...counts }, 'egress in bulk');
    });
  }

  /** Changes the name of the sandbox; what was counted is still of the one before. */
  nameAs(sandbox: string): void {
    this.flush();
    this.#sandbox = sandbox;
  }

  /** Writes the line of a connection, if there were not too many; else counts it. */
  write(line: EgressLine): void {
    const lines = line.verdict === 'allowed' ? this.#made : this.#notMade;
    if (lines.take('') > 0 || !this.#all.takesLine()) this.fold(line.verdict);
    else {
      const host = line.host.slice(0, MAX_HOST_CHARACTERS);
      this.#all.logger.info({ sandbox: this.#sandbox, ...line, host }, 'egress');
    }
  }

  /** Counts a connection that gets no line of its own. */
  fold(verdict: Verdict): void {
    this.#all.counting.add(this);
    this.#fold.add(verdict);
  }

  /** Writes the line with the numbers, if there are any. */
  flush(): void {
    this.#fold.flush();
  }
}
