import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from '../async/clock.ts';

/** How a connection that a sandbox asked for came out. */
export type Verdict = 'allowed' | 'denied' | 'invalid' | 'limit' | 'unreachable' | 'timeout' | 'cancelled';

/** What the log has of one connection. */
export interface EgressLine {
  readonly host: string;
  readonly port: number;
  readonly verdict: Verdict;
  readonly [more: string]: unknown;
}

/** Lines of connections that did not come about: so many at once after a rest, and so many a second; the others are counted. */
const LINE_BURST = 100;
const LINES_PER_SECOND = 5;

/** How long what is counted waits for the line with its numbers, in milliseconds. */
const FOLD_MS = 10_000;

/** The log of one sandbox's connections, whose length its code does not decide. */
export class EgressLog {
  readonly #logger: Pick<FastifyBaseLogger, 'info'>;
  readonly #clock: Clock;
  #sandbox: string;
  #linesUntilMs = Number.NEGATIVE_INFINITY;
  #folded: Partial<Record<Verdict, number>> = {};
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: Pick<FastifyBaseLogger, 'info'>, clock: Clock, sandbox: string) {
    this.#logger = logger;
    this.#clock = clock;
    this.#sandbox = sandbox;
  }

  /** Changes the name of the sandbox; what was counted is still of the one before. */
  nameAs(sandbox: string): void {
    this.flush();
    this.#sandbox = sandbox;
  }

  /** Writes the line of a connection that was made; of one that was not, if there were not too many of them. */
  write(line: EgressLine): void {
    if (line.verdict !== 'allowed' && !this.#hasRoom()) this.fold(line.verdict);
    else this.#logger.info({ sandbox: this.#sandbox, ...line }, 'egress');
  }

  /** Counts a connection that gets no line of its own. */
  fold(verdict: Verdict): void {
    this.#folded[verdict] = (this.#folded[verdict] ?? 0) + 1;
    this.#timer ??= setTimeout(() => this.flush(), FOLD_MS).unref();
  }

  /** Writes the line with the numbers, if there are any. */
  flush(): void {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#logger.info({ sandbox: this.#sandbox, ...this.#folded }, 'egress in bulk');
    this.#folded = {};
  }

  #hasRoom(): boolean {
    const now = this.#clock.monotonicMs();
    const gapMs = 1000 / LINES_PER_SECOND;
    const untilMs = Math.max(this.#linesUntilMs, now - LINE_BURST * gapMs) + gapMs;
    if (untilMs > now) return false;
    this.#linesUntilMs = untilMs;
    return true;
  }
}
