import type { SandboxAddress, SandboxId } from '../../base/sandbox-address.ts';
import type { AskedSpec } from '../asked/asked-spec.ts';
import type { LifePolicy } from '../asked/life-policy.ts';
import type { Terms } from '../asked/terms.ts';
import { earliestDueOf, expiryOf, isSuspended, type SandboxRecord } from '../storage/record.ts';
import type { SandboxStore } from '../storage/store.ts';

/** What lists need to know of a sandbox that has a record. */
export interface CatalogEntry {
  readonly id: SandboxId;
  readonly address: SandboxAddress;
  readonly createdBy: string | null;
  readonly createdAtMs: number;
  /** Null while it exists. */
  readonly deletedAtMs: number | null;
  /** True where it never had any files. */
  readonly isBlank: boolean;
  /** What its maker calls it; null where nobody gave it a name. */
  readonly name: string | null;
  /** The ids of volumes that are mounted in it. */
  readonly volumes: readonly string[];
  /** By name, networks that it is connected to. */
  readonly networks: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** When it ends by itself, on the wall clock; null where it does not. */
  readonly expiresAtMs: number | null;
  /** Names its preview hosts; null where nothing does. */
  readonly previewId: string | null;
  /** The name of its image as it was asked for; null for the configuration's. */
  readonly imageName: string | null;
  /** True where somebody had it stopped so that no use starts it. */
  readonly isHalted: boolean;
  /** True where a request has paused it, or stopped it until it is restarted. */
  readonly isSuspended: boolean;
  readonly life: LifePolicy;
  /** What was asked for when it was made. */
  readonly asked: AskedSpec;
  /** On what terms clients use it who were told its id; null where it was made without any. */
  readonly terms: Terms | null;
}

/** A port of a sandbox that has a host of its own. */
interface NamedPort {
  readonly id: SandboxId;
  readonly port: number;
}

interface Page {
  readonly entries: readonly CatalogEntry[];
  /** Where the next page begins; null at the end. */
  readonly next: SandboxId | null;
}

/** What the index needs of the store. */
type RecordsStore = Pick<SandboxStore, 'records' | 'onWritten' | 'onPurged'>;

/** An index of all records in memory: read once, then kept by what the store writes, so that a search reads no file. */
export class Catalog {
  readonly #store: RecordsStore;
  readonly #entries = new Map<SandboxId, CatalogEntry>();
  /** All ids in their order, for pages. */
  readonly #ids: SandboxId[] = [];
  readonly #expiring = new Map<SandboxId, number>();
  readonly #previews = new Map<string, SandboxId>();
  readonly #subdomains = new Map<string, NamedPort>();
  #reading: Promise<void> | undefined;

  constructor(store: RecordsStore) {
    this.#store = store;
    store.onWritten = (record) => this.#note(record);
    store.onPurged = (id) => this.#drop(id);
  }

  /** All entries, in no order. */
  async all(): Promise<Iterable<CatalogEntry>> {
    await this.#read();
    return this.#entries.values();
  }

  /** The sandbox of that id; undefined where it has no record. */
  async find(id: string): Promise<CatalogEntry | undefined> {
    await this.#read();
    return this.#entries.get(id as SandboxId);
  }

  /** The sandbox whose preview hosts have this id; undefined where none has. */
  async ofPreview(previewId: string): Promise<CatalogEntry | undefined> {
    await this.#read();
    const id = this.#previews.get(previewId);
    return id === undefined ? undefined : this.#entries.get(id);
  }

  /** The port whose host has this label; undefined where none has. */
  async ofSubdomain(label: string): Promise<NamedPort | undefined> {
    await this.#read();
    return this.#subdomains.get(label);
  }

  /** Up to `limit` entries that match, in the order of their ids, from `from` on. */
  async list(matches: (entry: CatalogEntry) => boolean, limit: number, from: SandboxId | null = null): Promise<Page> {
    await this.#read();
    const entries: CatalogEntry[] = [];
    for (let at = from === null ? 0 : this.#placeOf(from); at < this.#ids.length; at += 1) {
      const entry = this.#entries.get(this.#ids[at] as SandboxId);
      if (!entry || !matches(entry)) continue;
      if (entries.length === limit) return { entries, next: entry.id };
      entries.push(entry);
    }
    return { entries, next: null };
  }

  /** Those that exist and whose time was over, unless they were used since their record was written, at this moment of the wall clock. */
  async expired(nowMs: number): Promise<readonly SandboxId[]> {
    await this.#read();
    return [...this.#expiring].filter(([, atMs]) => atMs <= nowMs).map(([id]) => id);
  }

  async #read(): Promise<void> {
    this.#reading ??= this.#readAll();
    try {
      await this.#reading;
    } catch (error) {
      this.#reading = undefined;
      throw error;
    }
  }

  /** A record that was written before or meanwhile is newer than what is read here: with many, their files are most of the time. */
  async #readAll(): Promise<void> {
    for await (const record of this.#store.records((id) => this.#entries.has(id))) {
      if (!this.#entries.has(record.id as SandboxId)) this.#note(record);
    }
  }

  #note(record: SandboxRecord): void {
    const { address, createdBy, createdAtMs, deletedAtMs, isBlank, name, labels, life, asked, terms } = record;
    const { previewId, networks } = record;
    const id = record.id as SandboxId;
    if (!this.#entries.has(id)) this.#ids.splice(this.#placeOf(id), 0, id);
    this.#notePreview(id, previewId);
    this.#noteSubdomains(id, record.ports);
    this.#entries.set(id, {
      ...{
        id,
        address,
        createdBy,
        createdAtMs,
        deletedAtMs,
        isBlank,
        name,
        labels,
        life,
        asked,
        terms,
        previewId,
        networks,
      },
      expiresAtMs: deletedAtMs === null ? expiryOf(record) : null,
      imageName: record.asked.imageName ?? record.asked.image ?? null,
      isHalted: record.haltedAtMs !== null,
      isSuspended: isSuspended(record),
      volumes: (asked.volumes ?? []).map((volume) => volume.id),
    });
    const earliest = deletedAtMs === null ? earliestDueOf(record) : null;
    if (earliest === null) this.#expiring.delete(id);
    else this.#expiring.set(id, earliest);
  }

  #notePreview(id: SandboxId, previewId: string | null): void {
    const before = this.#entries.get(id)?.previewId ?? null;
    if (before !== null) this.#previews.delete(before);
    if (previewId !== null) this.#previews.set(previewId, id);
  }

  #noteSubdomains(id: SandboxId, ports: SandboxRecord['ports']): void {
    for (const [label, named] of this.#subdomains) if (named.id === id) this.#subdomains.delete(label);
    for (const [port, { subdomain }] of Object.entries(ports)) {
      if (subdomain !== undefined && !this.#subdomains.has(subdomain))
        this.#subdomains.set(subdomain, { id, port: Number(port) });
    }
  }

  #drop(id: SandboxId): void {
    this.#notePreview(id, null);
    this.#noteSubdomains(id, {});
    if (this.#entries.delete(id)) this.#ids.splice(this.#placeOf(id), 1);
    this.#expiring.delete(id);
  }

  /** Where an id is among all, or would be. */
  #placeOf(id: SandboxId): number {
    let [low, high] = [0, this.#ids.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ids[middle] as SandboxId) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
