import type { FastifyBaseLogger } from 'fastify';

/** Something that the operator should mend although the server answers. */
export interface Warning {
  /** For everybody, as /health is open: without names of this machine's. */
  readonly sentence: string;
  /** For the log. */
  readonly detail?: string;
}

interface WarningsParts {
  readonly find: () => Promise<readonly Warning[]>;
  readonly logger: FastifyBaseLogger;
}

/** What is not as it should be, looked for again and again in the background, and said in the log once when it comes and once when it goes. */
export class Warnings {
  readonly #parts: WarningsParts;
  #sentences: readonly string[] = [];

  constructor(parts: WarningsParts) {
    this.#parts = parts;
  }

  /** As of the last pass; nothing is asked for this. */
  get sentences(): readonly string[] {
    return this.#sentences;
  }

  /** One pass. */
  async look(): Promise<void> {
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
