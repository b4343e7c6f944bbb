import type { SandboxRecord } from './record.ts';
import { toStoreError } from './store-error.ts';

/** How long a change of counters may wait to be written, in milliseconds. */
const WRITE_BEHIND_MS = 200;

/** The same where they were written just before: who works all the time is not written five times a second. */
const WRITE_INTERVAL_MS = 2_000;

/** When a record is written again that a full disk has refused, in milliseconds. */
const FULL_DISK_MS = 5_000;

interface RecordWritesParts {
  /** Brings a record to disk; false where that is full and nothing but counters is missing. */
  readonly put: (record: SandboxRecord) => Promise<boolean>;
  /** Writes one that was put off: by `write`, with whatever goes with it. */
  readonly writeLate: (record: SandboxRecord) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** The writes of records: those of one sandbox one after the other, and those of counters put off. */
export class RecordWrites {
  readonly #parts: RecordWritesParts;
  readonly #writes = new Map<string, Promise<void>>();
  readonly #soon = new Map<string, { record: SandboxRecord; timer: NodeJS.Timeout }>();
  /** When records were written last, on the clock of `performance.now()`. */
  readonly #writtenAtMs = new WeakMap<SandboxRecord, number>();

  constructor(parts: RecordWritesParts) {
    this.#parts = parts;
  }

  /** Resolves when it is on disk, or where that is full, when nothing of it can be lost but counters; `no_space` for all else. */
  async write(record: SandboxRecord): Promise<void> {
    this.#cancelSoon(record.id);
    const before = this.#writes.get(record.id) ?? Promise.resolve();
    const isLast = () => this.#writes.get(record.id) === write;
    const write: Promise<void> = before.catch(() => undefined).then(() => this.#put(record, isLast));
    this.#writes.set(record.id, write);
    try {
      await write;
    } catch (cause) {
      throw toStoreError(cause, 'The record of the sandbox cannot be written');
    } finally {
      if (this.#writes.get(record.id) === write) this.#writes.delete(record.id);
    }
  }

  /** Writes it within a fifth of a second, or within two seconds of the write before; changes in between are one write. */
  soon(record: SandboxRecord): void {
    const waiting = this.#soon.get(record.id);
    if (waiting) {
      // Another may have taken its place meanwhile.
      waiting.record = record;
      return;
    }
    const dueMs = (this.#writtenAtMs.get(record) ?? Number.NEGATIVE_INFINITY) + WRITE_INTERVAL_MS - performance.now();
    const timer = setTimeout(
      () => {
        const latest = this.#soon.get(record.id)?.record ?? record;
        this.#writtenAtMs.set(latest, performance.now());
        void this.#parts.writeLate(latest).catch(this.#parts.onError);
      },
      Math.max(WRITE_BEHIND_MS, dueMs),
    );
    this.#soon.set(record.id, { record, timer });
  }

  /** Writes no more of that sandbox what is put off, and waits for what is being written. */
  async settle(id: string): Promise<void> {
    this.#cancelSoon(id);
    await this.#writes.get(id)?.catch(() => undefined);
    // A full disk may have put it off once more.
    this.#cancelSoon(id);
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    const waiting = [...this.#soon.values()];
    await Promise.all(waiting.map(({ record }) => this.#parts.writeLate(record).catch(this.#parts.onError)));
    await Promise.allSettled(this.#writes.values());
    for (const { timer } of this.#soon.values()) clearTimeout(timer);
  }

  /** One behind which another waits is not written again: it would come after that. */
  async #put(record: SandboxRecord, isLast: () => boolean): Promise<void> {
    if ((await this.#parts.put(record)) || !isLast() || this.#soon.has(record.id)) return;
    this.#writtenAtMs.set(record, performance.now() + FULL_DISK_MS);
    this.soon(record);
  }

  #cancelSoon(id: string): void {
    clearTimeout(this.#soon.get(id)?.timer);
    this.#soon.delete(id);
  }
}
