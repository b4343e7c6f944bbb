import type { FastifyBaseLogger } from 'fastify';
import type { Disks } from '../../disks/disks.ts';
import { Adoption, type AdoptionParts } from './adoption.ts';
import { findWarnings } from './conditions.ts';
import { Reaper } from './reaper.ts';
import { Warnings } from './warnings.ts';

interface UpkeepParts extends Omit<AdoptionParts, 'onAdopted'> {
  readonly disks: Disks;
  readonly logger: FastifyBaseLogger;
}

/** All that is done in the background for all sandboxes together, from the start of the server to its end. */
export class Upkeep {
  readonly #parts: UpkeepParts;
  readonly #adoption: Adoption;
  readonly #reaper: Reaper;
  readonly #warnings: Warnings;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    const { engine, service, store, disks, config, clock, logger, onError } = parts;
    const onAdopted = () => {
      service.pool.open();
      service.diskSweep.open();
      service.reconciler.open();
    };
    this.#adoption = new Adoption({ ...parts, onAdopted });
    this.#reaper = new Reaper(service, config, clock, onError);
    const find = () => findWarnings({ engine, config, store, disks, pool: service.pool });
    this.#warnings = new Warnings({ find, clock, logger, onError });
  }

  /** What the operator should mend, a sentence each. */
  get warnings(): readonly string[] {
    return this.#warnings.sentences;
  }

  /** Takes over what runs, then looks after it. */
  async start(): Promise<void> {
    await this.#adoption.start();
    await this.#parts.service.diskSweep.sweep().catch(this.#parts.onError);
    this.#reaper.start();
    this.#warnings.start();
  }

  /** Stops looking and waits for the passes that are under way. */
  async close(): Promise<void> {
    await Promise.all([this.#adoption.close(), this.#reaper.close(), this.#warnings.close()]);
  }
}
