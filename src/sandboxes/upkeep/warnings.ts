import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from '../../async/clock.ts';

/** How often the pass is made, in milliseconds. */
const INTERVAL_MS = 5_000;

/** How often it is looked whether it is time for one, in milliseconds. */
const TICK_MS = 500;

/** Something that the operator should mend although the server answers. */
export interface Warning {
  /** For everybody, as /health is open: without names of this machine's. */
  readonly sentence: string;
  /** For the log. */
  readonly detail?: string;
}

interface WarningsParts {
  readonly find: () => Promise<readonly Warning[]>;
  readonly clock: Clock;
  readonly logger: FastifyBaseLogger;
  readonly onError: (error: unknown) => void;
}

/** What is not as it should be, looked for again and again in the background, and said in the log once when it comes and once when it goes. */
export class Warnings {
  readonly #parts: WarningsParts;
  #sentences: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #nextMs = Number.NEGATIVE_INFINITY;
  #pass: Promise<void> | undefined;

  constructor(parts: WarningsParts) {
    this.#parts = parts;
  }

  /** As of the last pass; nothing is asked for this. */
  get sentences(): readonly string[] {
    return this.#sentences;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  /** Stops looking and waits for the pass that is under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#pass;
  }

  #tick(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#pass || nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + INTERVAL_MS;
    this.#pass = this.#look()
      .catch(this.#parts.onError)
      .finally(() => {
        this.#pass = undefined;
      });
  }

  async #look(): Promise<void> {
    const { find, logger } = this.#parts;
    const found = await find();
    for (const { sentence, detail } of found) {
      if (!this.#sentences.includes(sentence)) logger.warn(detail === undefined ? {} : { detail }, sentence);
    }
    const sentences = [...new Set(found.map(({ sentence }) => sentence))];
    for (const before of this.#sentences) {
      if (!sentences.includes(before)) logger.info(`No longer so: ${before}`);
    }
    this.#sentences = sentences;
  }
}
