import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from '../../async/clock.ts';
import { withDeadline } from '../../async/deadline.ts';
import { Ticker } from '../../async/ticker.ts';
import { isSandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { Disks } from '../../disks/disks.ts';
import type { Engine } from '../../engines/engine.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import type { Evictor } from '../lifecycle/evictor.ts';
import type { Freezer } from '../lifecycle/freezer.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { Provisioner } from '../lifecycle/provisioner.ts';
import type { Suspension } from '../lifecycle/suspension.ts';
import type { Sampler } from '../metering/sampler.ts';
import type { UsageHistory } from '../metering/usage-history.ts';
import type { WorkMeter } from '../metering/work-meter.ts';
import type { Pool } from '../placement/pool.ts';
import type { Catalog } from '../registry/catalog.ts';
import type { Registry } from '../registry/registry.ts';
import type { SandboxStore } from '../storage/store.ts';
import type { Attachments } from '../volumes/attachments.ts';
import { Adoption } from './adoption.ts';
import { findWarnings } from './conditions.ts';
import { DiskSweep } from './disk-sweep.ts';
import { HostFirewall } from './host-firewall.ts';
import { Reaper } from './reaper.ts';
import { Reconciler } from './reconciler.ts';
import { Warnings } from './warnings.ts';

/** Between two passes over all sandboxes, the mounted disks and the warnings, in milliseconds. */
const PASS_MS = 5_000;

/** Between two looks which sandboxes' time is over, in milliseconds. */
const EXPIRY_MS = 2_000;

/** Between two measurements of what each sandbox takes that is used on terms, in milliseconds. */
const HISTORY_MS = 5_000;

/** Between two measurements of what all sandboxes take together, in milliseconds. */
const SAMPLE_MS = 10_000;

/** Between two questions to the engine what it has, in milliseconds. */
const RECONCILE_MS = 60_000;

/** Between two looks at the rules of the firewall, in milliseconds. */
const FIREWALL_MS = 60_000;

/** How long the start of a server waits for what the engine has, in milliseconds: Fastify gives a start ten seconds. */
const ADOPTION_MS = 7_000;

interface UpkeepParts {
  readonly engine: Engine;
  readonly store: SandboxStore;
  readonly disks: Disks;
  readonly config: Config;
  readonly clock: Clock;
  readonly instance: string;
  readonly registry: Registry;
  readonly catalog: Catalog;
  readonly lifecycle: Lifecycle;
  readonly freezer: Freezer;
  readonly suspension: Suspension;
  readonly provisioner: Provisioner;
  readonly evictor: Evictor;
  readonly workMeter: WorkMeter;
  readonly pool: Pool;
  readonly sampler: Sampler;
  readonly attachments: Attachments;
  readonly usageHistory: UsageHistory;
  readonly events: CoreEvents;
  readonly logger: FastifyBaseLogger;
  readonly onError: (error: unknown) => void;
}

/** All that is done in the background for all sandboxes together, from the start of the server to its end. */
export class Upkeep {
  readonly #onError: (error: unknown) => void;
  readonly #ticker: Ticker;
  readonly #adoption: Adoption;
  readonly #diskSweep: DiskSweep;
  readonly #reconciler: Reconciler;
  readonly #firewall: HostFirewall;
  readonly #warnings: Warnings;

  constructor(parts: UpkeepParts) {
    const { engine, store, disks, config, clock, pool, registry, onError } = parts;
    this.#onError = onError;
    this.#diskSweep = new DiskSweep(disks, store, registry, parts.attachments);
    this.#reconciler = new Reconciler(parts);
    const onAdopted = () => {
      pool.open();
      this.#diskSweep.open();
      this.#reconciler.open();
    };
    this.#adoption = new Adoption({ ...parts, onAdopted });
    this.#firewall = new HostFirewall(engine, config);
    this.#warnings = new Warnings({
      find: () => findWarnings({ engine, config, store, disks, pool, firewall: this.#firewall }),
      logger: parts.logger,
    });
    const reaper = new Reaper(parts);
    this.#ticker = new Ticker(clock, onError);
    this.#ticker.every(PASS_MS, () => this.#unlessAway(this.#adoption.attempt()));
    this.#ticker.every(PASS_MS, () => this.#unlessAway(parts.freezer.retry()));
    this.#ticker.every(PASS_MS, () => reaper.reap());
    this.#ticker.every(EXPIRY_MS, () => reaper.expire());
    this.#ticker.every(PASS_MS, () => this.#unlessAway(this.#diskSweep.sweep()));
    this.#ticker.every(RECONCILE_MS, () => this.#unlessAway(this.#reconciler.reconcile()));
    this.#ticker.every(FIREWALL_MS, () => this.#firewall.close());
    this.#ticker.every(SAMPLE_MS, () => parts.sampler.sample());
    this.#ticker.every(HISTORY_MS, () => parts.usageHistory.sample());
    this.#ticker.every(PASS_MS, () => this.#warnings.look(), 0);
  }

  /** What the operator should mend, a sentence each. */
  get warnings(): readonly string[] {
    return this.#warnings.sentences;
  }

  /** Takes over what runs, then looks after it; what an engine that hangs keeps back is taken over while the server answers. */
  async start(): Promise<void> {
    await this.#firewall.close();
    const sentence = 'The engine has not told yet what runs.';
    await this.#unlessAway(withDeadline(this.#adoption.attempt(), ADOPTION_MS, sentence));
    await this.#diskSweep.sweep().catch(this.#onError);
    this.#ticker.start();
  }

  /** Stops looking and waits for the passes that are under way. */
  async close(): Promise<void> {
    await this.#ticker.close();
  }

  /** A last look for what the pool may have left behind; throws where the engine does not answer. */
  async finish(): Promise<void> {
    await this.#reconciler.finish();
  }

  /** An engine or a disk service that is away is told once, by the warnings, and not with each pass. */
  async #unlessAway(pass: Promise<void>): Promise<void> {
    try {
      await pass;
    } catch (error) {
      if (!isSandboxError(error, 'unavailable') && !isSandboxError(error, 'timeout')) this.#onError(error);
    }
  }
}
