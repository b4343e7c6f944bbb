import { isMaster, type Principal } from '../auth/principal.ts';
import { SandboxError } from '../base/errors.ts';
import type { SandboxId } from '../base/sandbox-address.ts';
import type { Config } from '../config/config.ts';
import { SHARED_NAMESPACE } from './asked/ref.ts';
import type { DiskMeter } from './metering/disk-meter.ts';
import type { UsageMeter } from './metering/usage-meter.ts';
import { NO_USAGE } from './metering/usage-meter.ts';
import type { Catalog, CatalogEntry } from './registry/catalog.ts';
import type { Registry } from './registry/registry.ts';
import { type SandboxStatus, stateOf, toStatus } from './status/status.ts';
import type { SandboxStore } from './storage/store.ts';

/** Sandboxes that are described at the same time. */
const AT_A_TIME = 16;

/** Which sandboxes a list is to have. */
export interface ListFilter {
  /** Null for all that exist; `any` for those too that were deleted and have files. */
  readonly state: 'running' | 'paused' | 'stopped' | 'deleted' | 'any' | null;
  /** Labels that it must have, each with this value. */
  readonly labels: readonly (readonly [key: string, value: string])[];
  /** What the ids of its users begin with. */
  readonly prefix: string;
  /** True for the sandboxes of all dialects, which the master key alone may see. */
  readonly isForAll: boolean;
}

/** A page of sandboxes. */
export interface ListPage {
  readonly sandboxes: readonly SandboxStatus[];
  /** Where the next page begins; null at the end. */
  readonly next: SandboxId | null;
}

interface ListingParts {
  readonly config: Config;
  readonly catalog: Catalog;
  readonly registry: Registry;
  readonly store: SandboxStore;
  readonly diskMeter: DiskMeter;
  readonly usageMeter: UsageMeter;
}

/** Lists sandboxes for a principal, with the figures that are known of them: nothing is woken, measured or used by that. */
export class Listing {
  readonly #parts: ListingParts;

  constructor(parts: ListingParts) {
    this.#parts = parts;
  }

  /** A page in the order of ids; throws `forbidden` where the principal may not see what it asks for. */
  async page(principal: Principal, filter: ListFilter, limit: number, from: SandboxId | null): Promise<ListPage> {
    if (filter.isForAll && !isMaster(principal)) {
      throw new SandboxError('forbidden', 'Only the master key lists the sandboxes of all APIs.');
    }
    const { catalog } = this.#parts;
    const { entries, next } = await catalog.list((entry) => this.#fits(principal, filter, entry), limit, from);
    return { sandboxes: await this.#describeAll(entries), next };
  }

  /** All that exist in a namespace whose sandboxes belong to who made them, those of the principal, oldest first. */
  async own({ name }: Principal, namespace: string): Promise<readonly CatalogEntry[]> {
    const own = [...(await this.#parts.catalog.all())].filter(
      (entry) =>
        entry.address.namespace === namespace &&
        entry.createdBy === name &&
        entry.deletedAtMs === null &&
        !entry.isBlank,
    );
    return own.sort((one, other) => one.createdAtMs - other.createdAtMs || (one.id < other.id ? -1 : 1));
  }

  /** The same with all that is known of each. */
  async describeOwn(principal: Principal, namespace: string): Promise<readonly SandboxStatus[]> {
    return await this.#describeAll(await this.own(principal, namespace));
  }

  /** The images by name that sandboxes are made of, of all principals. */
  async images(): Promise<ReadonlySet<string>> {
    return new Set([...(await this.#parts.catalog.all())].flatMap(({ asked }) => asked.image ?? []));
  }

  async #describeAll(entries: readonly CatalogEntry[]): Promise<readonly SandboxStatus[]> {
    const sandboxes: SandboxStatus[] = [];
    for (let at = 0; at < entries.length; at += AT_A_TIME) {
      const some = await Promise.all(entries.slice(at, at + AT_A_TIME).map((entry) => this.#describe(entry)));
      sandboxes.push(...some.filter((status) => status !== null));
    }
    return sandboxes;
  }

  #fits({ userPrefix }: Principal, filter: ListFilter, entry: CatalogEntry): boolean {
    const { address, labels } = entry;
    if (entry.isBlank || (!filter.isForAll && address.namespace !== SHARED_NAMESPACE)) return false;
    if (!address.id.startsWith(userPrefix) || !address.id.startsWith(filter.prefix)) return false;
    if (!filter.labels.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)) return false;
    if (filter.state === 'any') return true;
    const state = stateOf(entry.deletedAtMs, this.#parts.registry.at(entry.id));
    return filter.state === null ? state !== 'deleted' : state === filter.state;
  }

  /** Null where it was purged meanwhile. */
  async #describe({ id }: CatalogEntry): Promise<SandboxStatus | null> {
    const { config, registry, store, diskMeter, usageMeter } = this.#parts;
    const sandbox = registry.at(id);
    const record = sandbox?.record ?? (await store.read(id));
    if (!record) return null;
    const disk = await diskMeter.usage(record);
    return toStatus(record, { sandbox, usage: sandbox ? usageMeter.last(sandbox) : NO_USAGE, disk, config });
  }
}
