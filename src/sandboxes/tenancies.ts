import type { Clock } from '../async/clock.ts';
import { SandboxError } from '../base/errors.ts';
import { type SandboxAddress, toSandboxId } from '../base/sandbox-address.ts';
import type { Config } from '../config/config.ts';
import { DEFAULT_LIFE, type LifePolicy } from './asked/life-policy.ts';
import type { SandboxRef } from './asked/ref.ts';
import type { Terms } from './asked/terms.ts';
import { type Changes, requireExisting } from './changes/changes.ts';
import type { Provisioner } from './lifecycle/provisioner.ts';
import type { Suspension } from './lifecycle/suspension.ts';
import type { PastUsage, UsageHistory } from './metering/usage-history.ts';
import type { Catalog, CatalogEntry } from './registry/catalog.ts';
import type { Sandbox } from './registry/sandbox.ts';
import { resolveSpec } from './spec/sandbox-spec.ts';
import type { SandboxStore } from './storage/store.ts';

/** A sandbox that is used on terms until its time is over. */
export interface Tenancy extends CatalogEntry {
  readonly createdBy: string;
  readonly terms: Terms;
  /** When its time is over, on the wall clock; of one that is suspended, when it would have been. */
  readonly endAtMs: number;
}

export type { PastUsage };

/** What a sandbox has of the machine. */
export interface SandboxSize {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

interface TenanciesParts {
  readonly config: Config;
  readonly usageHistory: UsageHistory;
  readonly clock: Clock;
  readonly catalog: Catalog;
  readonly changes: Changes;
  readonly provisioner: Provisioner;
  readonly suspension: Suspension;
  readonly store: SandboxStore;
}

/** Sandboxes that are used on terms: who has one, how long, and whether it is suspended. Methods that take a ref throw `not_found` for one that is not the principal's. */
export class Tenancies {
  readonly #parts: TenanciesParts;

  constructor(parts: TenanciesParts) {
    this.#parts = parts;
  }

  /** What is at an address, whosever it is; null where nothing is, or its time is over. */
  async find(address: SandboxAddress): Promise<Tenancy | null> {
    const entry = await this.#parts.catalog.find(toSandboxId(address));
    return entry ? this.#asTenancy(entry) : null;
  }

  /** All of a namespace, in no order. */
  async all(namespace: string): Promise<readonly Tenancy[]> {
    const entries = [...(await this.#parts.catalog.all())].filter(({ address }) => address.namespace === namespace);
    return entries.map((entry) => this.#asTenancy(entry)).filter((tenancy) => tenancy !== null);
  }

  /** That of the principal at an address. */
  async get({ address, principal }: SandboxRef): Promise<Tenancy> {
    const found = await this.find(address);
    if (found?.createdBy === principal.name) return found;
    throw new SandboxError('not_found', 'Sandbox not found');
  }

  /** What it has of the machine. */
  sizeOf({ asked }: Tenancy): SandboxSize {
    const { config } = this.#parts;
    const { cpus, memoryBytes } = resolveSpec(config, asked);
    return { cpus, memoryBytes, diskBytes: config.diskLimitBytes ?? 0 };
  }

  /** What it has taken of late, oldest first. */
  usageOf({ id }: Tenancy): readonly PastUsage[] {
    return this.#parts.usageHistory.of(id);
  }

  /** Pauses it until it is resumed, whatever runs in it: with its memory, or its files alone. Throws `conflict` where it is paused. */
  async suspend(ref: SandboxRef, keepsMemory: boolean): Promise<void> {
    const { suspension } = this.#parts;
    await this.get(ref);
    await this.#change(ref, async (sandbox) => {
      if (this.#isSuspended(sandbox)) throw new SandboxError('conflict', 'The sandbox is paused already.');
      if (keepsMemory && sandbox.isUp) await suspension.freeze(sandbox);
      else await suspension.halt(sandbox, false);
    });
  }

  /** Makes it run, with a life that is told from that of before; false where it ran already. */
  async resume(ref: SandboxRef, toLife: (life: LifePolicy, wasSuspended: boolean) => LifePolicy): Promise<boolean> {
    const { provisioner, changes } = this.#parts;
    await this.get(ref);
    return await this.#change(ref, async (sandbox) => {
      const wasSuspended = this.#isSuspended(sandbox);
      await this.#write(sandbox, { life: toLife(sandbox.life, wasSuspended) });
      if (!wasSuspended) return false;
      await provisioner.bringUp(sandbox, ref.principal, { asked: {}, life: DEFAULT_LIFE });
      // Its time begins when it runs, however long that took.
      await this.#write(sandbox, { pausedAtMs: null, haltedAtMs: null, life: toLife(sandbox.life, true) });
      changes.noteUse(sandbox);
      return true;
    });
  }

  /** Gives one that runs another life; throws `not_found` where it is suspended. */
  async prolong(ref: SandboxRef, toLife: (life: LifePolicy) => LifePolicy): Promise<void> {
    await this.get(ref);
    await this.#change(ref, async (sandbox) => {
      if (this.#isSuspended(sandbox)) throw new SandboxError('not_found', 'The sandbox is paused: it has no end.');
      await this.#write(sandbox, { life: toLife(sandbox.life) });
    });
  }

  /** Changes what clients may do with it. */
  async changeTerms(ref: SandboxRef, change: Partial<Terms>): Promise<void> {
    await this.get(ref);
    await this.#change(ref, async (sandbox) => {
      const terms = sandbox.record?.terms;
      if (terms) await this.#write(sandbox, { terms: { ...terms, ...change } });
    });
  }

  async #change<T>(ref: SandboxRef, work: (sandbox: Sandbox) => Promise<T>): Promise<T> {
    const { changes } = this.#parts;
    const sandbox = await changes.findExisting(ref);
    return await changes.exclusively(sandbox, async () => {
      requireExisting(sandbox);
      return await work(sandbox);
    });
  }

  async #write(sandbox: Sandbox, change: Partial<NonNullable<Sandbox['record']>>): Promise<void> {
    if (!sandbox.record) return;
    sandbox.record = { ...sandbox.record, ...change };
    await this.#parts.store.write(sandbox.record);
  }

  /** Also true from the moment on at which its life has it suspended. */
  #isSuspended({ isSuspended, life: { end } }: Sandbox): boolean {
    return isSuspended || (end.when === 'at' && end.atMs <= this.#parts.clock.wallMs());
  }

  #asTenancy(entry: CatalogEntry): Tenancy | null {
    const { terms, createdBy, life } = entry;
    if (!terms || createdBy === null || entry.deletedAtMs !== null || entry.isBlank || life.end.when !== 'at')
      return null;
    const { atMs: endAtMs, by } = life.end;
    const isOver = !entry.isSuspended && endAtMs <= this.#parts.clock.wallMs();
    if (isOver && (by === 'remove' || by === 'purge')) return null;
    return { ...entry, terms, createdBy, endAtMs, isSuspended: entry.isSuspended || isOver };
  }
}
