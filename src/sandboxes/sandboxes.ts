import type { AgentConnection } from '../agent/wire/connection.ts';
import type { SandboxId } from '../base/sandbox-address.ts';
import type { HeldSandbox, SandboxAccess, UseOptions } from './access.ts';
import type { AskedSpec } from './asked/asked-spec.ts';
import { DEFAULT_LIFE, type LifePolicy } from './asked/life-policy.ts';
import { requireMadeByUse, type SandboxRef } from './asked/ref.ts';
import type { Changes } from './changes/changes.ts';
import type { SettingsChange } from './changes/settings-change.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import { Looking } from './looking.ts';
import type { UsageMeter } from './metering/usage-meter.ts';
import type { WorkMeter } from './metering/work-meter.ts';
import { findToPurge } from './purging.ts';
import type { Catalog, CatalogEntry } from './registry/catalog.ts';
import type { Sandbox } from './registry/sandbox.ts';
import { changesSpec, requireGrantable } from './spec/sandbox-spec.ts';
import type { SandboxStatus } from './status/status.ts';
import { Using, type UsingParts } from './using.ts';

/** What the life of sandboxes works with. */
export interface SandboxesParts extends UsingParts {
  readonly catalog: Catalog;
  readonly lifecycle: Lifecycle;
  readonly usageMeter: UsageMeter;
  readonly workMeter: WorkMeter;
}

/** The life of sandboxes as dialects see it. Each method throws `not_found` for a sandbox of another principal. */
export class Sandboxes {
  readonly #parts: SandboxesParts;
  readonly #changes: Changes;
  readonly #looking: Looking;
  readonly #using: Using;

  constructor(parts: SandboxesParts) {
    this.#parts = parts;
    this.#changes = parts.changes;
    this.#using = new Using(parts);
    this.#looking = new Looking(parts);
  }

  /** Makes sure that the sandbox runs, with what is asked for and so changed if anything is; one that is made gets this life. */
  async create(
    ref: SandboxRef,
    asked: AskedSpec,
    life: LifePolicy = DEFAULT_LIFE,
    change: SettingsChange = {},
  ): Promise<SandboxStatus> {
    const { config, provisioner } = this.#parts;
    requireGrantable(asked, config);
    const sandbox = await this.#changes.find(ref);
    const nowMs = this.#changes.requirePossible(sandbox, change);
    const request = { asked, life };
    await this.#changes.exclusively(sandbox, async () => {
      if (sandbox.isExisting && changesSpec(config, sandbox.asked, asked))
        await provisioner.changeSpec(sandbox, ref.principal, { ...sandbox.asked, ...asked }, { breaksStreams: false });
      else await provisioner.bringUp(sandbox, ref.principal, request);
      this.#keep(sandbox, asked);
      await this.#changes.apply(sandbox, change, nowMs);
    });
    this.#changes.noteUse(sandbox);
    return await this.#changes.describe(sandbox, this.#parts.usageMeter.last(sandbox));
  }

  /** The sandbox with the figures that are known; throws `not_found` where there is none. */
  async get(ref: SandboxRef): Promise<SandboxStatus> {
    const sandbox = await this.#changes.findExisting(ref);
    return await this.#changes.describe(sandbox, this.#parts.usageMeter.last(sandbox));
  }

  /** Counts as a use of a sandbox that exists, and does nothing to it. */
  async touch(ref: SandboxRef): Promise<void> {
    this.#changes.noteUse(await this.#changes.findExisting(ref));
  }

  /** The sandbox with live figures; throws `not_found` where there is none. */
  async status(ref: SandboxRef): Promise<SandboxStatus> {
    const { usageMeter, workMeter } = this.#parts;
    const sandbox = await this.#changes.findExisting(ref);
    const usage = await usageMeter.measure(sandbox);
    sandbox.work = await workMeter.look(sandbox, { samples: false });
    return await this.#changes.describe(sandbox, usage);
  }

  /** Up to `limit` sandboxes with a record that match, in the order of their ids; no file is read. */
  async list(
    matches: (entry: CatalogEntry) => boolean,
    limit: number,
    from: SandboxId | null = null,
  ): ReturnType<Catalog['list']> {
    return await this.#parts.catalog.list(matches, limit, from);
  }

  /** Stops the sandbox; false where there is none. */
  async stop(ref: SandboxRef): Promise<boolean> {
    return await this.#end(ref, (sandbox) => this.#parts.lifecycle.stop(sandbox, 'requested'));
  }

  /** Stops and starts the sandbox; creates it where there is none. */
  async restart(ref: SandboxRef): Promise<SandboxStatus> {
    const { lifecycle, provisioner, usageMeter } = this.#parts;
    const sandbox = await this.#changes.find(ref);
    await this.#changes.exclusively(sandbox, async () => {
      if (!sandbox.isExisting) requireMadeByUse(ref);
      await lifecycle.stop(sandbox, 'restart');
      await provisioner.bringUp(sandbox, ref.principal, { asked: {}, life: DEFAULT_LIFE });
    });
    this.#changes.noteUse(sandbox);
    return await this.#changes.describe(sandbox, usageMeter.last(sandbox));
  }

  /** Removes the sandbox and keeps its files; false where there is none. */
  async remove(ref: SandboxRef): Promise<boolean> {
    return await this.#end(ref, (sandbox) => this.#parts.lifecycle.remove(sandbox));
  }

  /**
   * Removes the sandbox with its files and its record, for good, also where it was deleted before; false where it has no record. The
   * master key may name one of any dialect by its id in lists or there, where no user has that id.
   */
  async purge(ref: SandboxRef): Promise<boolean> {
    const { lifecycle, provisioner } = this.#parts;
    const sandbox = await findToPurge(this.#parts, ref);
    return await this.#changes.exclusively(sandbox, async () => {
      const { record } = sandbox;
      await lifecycle.purge(sandbox);
      if (record) provisioner.forget(record);
      return record !== null;
    });
  }

  /** Works with the agent of the sandbox, which is created or started first; the lease keeps it awake meanwhile. */
  async use<T>(ref: SandboxRef, options: UseOptions, work: (access: SandboxAccess) => Promise<T>): Promise<T> {
    const { diskMeter } = this.#parts;
    const held = await this.#using.acquire(ref, options);
    try {
      const result = await (options.needsRoom ? diskMeter.whileWriting(held.sandbox, () => work(held)) : work(held));
      held.release(null);
      return result;
    } catch (error) {
      held.release(error);
      throw error;
    }
  }

  /** The same for work that ends elsewhere: the lease is held until `release`, which is told what the work threw. */
  acquire(ref: SandboxRef, options: UseOptions): Promise<HeldSandbox> {
    return this.#using.acquire(ref, options);
  }

  /** Throws `limit` where the sandbox is used in that way as much as may be. */
  requireFree(ref: SandboxRef, lease: UseOptions['lease']): void {
    this.#using.requireFree(ref, lease);
  }

  /** Asks its agent something that is no use of the sandbox; null where it is stopped. One that is frozen is thawed for the question. */
  async look<T>(ref: SandboxRef, question: (connection: AgentConnection) => Promise<T>): Promise<T | null> {
    return await this.#looking.look(await this.#changes.findExisting(ref), question);
  }

  /** Whether the sandbox is there, and runs or is frozen; throws `not_found` where there is none. */
  async isUp(ref: SandboxRef): Promise<boolean> {
    return (await this.#changes.findExisting(ref)).isUp;
  }

  async #end(ref: SandboxRef, end: (sandbox: Sandbox) => Promise<void>): Promise<boolean> {
    const sandbox = await this.#changes.find(ref);
    return await this.#changes.exclusively(sandbox, async () => {
      if (!sandbox.isExisting) return false;
      await this.#parts.diskMeter.settle(sandbox);
      await end(sandbox);
      return true;
    });
  }

  /** Remembers what was asked for where the sandbox has it already: it stays so when the configuration's own changes. */
  #keep({ record }: Sandbox, asked: AskedSpec): void {
    if (record) record.asked = { ...record.asked, ...asked };
  }
}
