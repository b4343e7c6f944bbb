import type { SandboxAddress, SandboxId } from './address.ts';
import type { SandboxRecord } from './storage/record.ts';
import type { SandboxStore } from './storage/store.ts';

/** What lists need to know of a sandbox that has a record. */
export interface CatalogEntry {
  readonly id: SandboxId;
  readonly address: SandboxAddress;
  readonly createdBy: string | null;
  readonly createdAtMs: number;
  /** Null while it exists. */
  readonly deletedAtMs: number | null;
}

interface Page {
  readonly entries: readonly CatalogEntry[];
  /** Where the next page begins; null at the end. */
  readonly next: SandboxId | null;
}

/** An index of all records in memory: read once, then kept by what the store writes, so that a list reads no file. */
export class Catalog {
  readonly #store: SandboxStore;
  readonly #entries = new Map<SandboxId, CatalogEntry>();
  #reading: Promise<void> | undefined;

  constructor(store: SandboxStore) {
    this.#store = store;
    store.onWritten = (record) => this.#note(record);
    store.onPurged = (id) => this.#entries.delete(id);
  }

  /** All entries, in no order. */
  async all(): Promise<Iterable<CatalogEntry>> {
    await this.#read();
    return this.#entries.values();
  }

  /** Up to `limit` entries that match, in the order of their ids, from `from` on. */
  async list(matches: (entry: CatalogEntry) => boolean, limit: number, from: SandboxId | null = null): Promise<Page> {
    await this.#read();
    const found = [...this.#entries.values()]
      .filter((entry) => (from === null || entry.id >= from) && matches(entry))
      .sort((one, other) => (one.id < other.id ? -1 : 1));
    return { entries: found.slice(0, limit), next: found[limit]?.id ?? null };
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

  /** A record that was written meanwhile is newer than what is read here. */
  async #readAll(): Promise<void> {
    for await (const record of this.#store.records()) {
      if (!this.#entries.has(record.id as SandboxId)) this.#note(record);
    }
  }

  #note({ id, address, createdBy, createdAtMs, deletedAtMs }: SandboxRecord): void {
    this.#entries.set(id as SandboxId, { id: id as SandboxId, address, createdBy, createdAtMs, deletedAtMs });
  }
}
