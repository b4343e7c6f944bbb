import { type FolderUsage, measureFolders } from '../../agent/calls/usage.ts';
import type { AgentConnection } from '../../agent/wire/connection.ts';
import { AgentFailure } from '../../agent/wire/failures.ts';
import type { Clock } from '../../async/clock.ts';
import { withDeadline } from '../../async/deadline.ts';
import { isSandboxError, SandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { DiskUsage } from '../../disks/base/disk.ts';
import { inodesOf } from '../../disks/base/image.ts';
import type { Disks } from '../../disks/disks.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { PACKAGES, WORKSPACE } from '../spec/folders.ts';
import type { SandboxRecord } from '../storage/record.ts';
import type { KeyDisk } from './key-disk.ts';

/** Between two measurements of one sandbox that nobody waits for, in milliseconds. */
const INTERVAL_MS = 10_000;

/** How long a sandbox may walk through its files, in milliseconds; it answers with what it has seen by then. */
const WALK_MS = 4_000;

interface MeterParts {
  readonly disks: Disks;
  readonly keyDisk: KeyDisk;
  readonly config: Config;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** Holds the disk limit by measurement where a sandbox's files are in plain folders, and notes what volumes of the engine take; does nothing for images. */
export class DiskMeter {
  readonly #parts: MeterParts;
  readonly #readings = new WeakMap<Sandbox, FolderUsage>();
  readonly #measuredAtMs = new WeakMap<Sandbox, number>();
  readonly #running = new Map<Sandbox, Promise<void>>();
  readonly #timers = new Map<Sandbox, NodeJS.Timeout>();
  /** Connections to sandboxes that run on an image: the file system holds their limit, and no call need ask again. */
  readonly #held = new WeakSet<AgentConnection>();
  #isClosed = false;

  constructor(parts: MeterParts) {
    this.#parts = parts;
  }

  /** How full the disk of a sandbox is, in memory or not; null where nothing limits it, where it was not measured yet, and while what has it does not answer. */
  async usage({ id, diskBytes }: SandboxRecord): Promise<DiskUsage | null> {
    const held = await this.#parts.disks.usage(id).catch((error: unknown) => {
      if (isSandboxError(error, 'unavailable') || isSandboxError(error, 'timeout')) return null;
      throw error;
    });
    if (held) return held;
    const { diskLimitBytes } = this.#parts.config;
    return diskBytes !== null && diskLimitBytes > 0 ? { usedBytes: diskBytes, limitBytes: diskLimitBytes } : null;
  }

  /** Says that a sandbox may have written: it is measured now, or when it is due again. */
  noteWork(sandbox: Sandbox): void {
    const { config, clock, disks } = this.#parts;
    const isMeasured = config.diskLimitBytes > 0 || disks.usesVolumes;
    if (this.#isClosed || !isMeasured || this.#timers.has(sandbox)) return;
    const connection = sandbox.link?.current;
    if (connection && this.#held.has(connection)) return;
    // One that was made anew at its address was never measured.
    const lastMs = sandbox.record?.diskBytes === null ? undefined : this.#measuredAtMs.get(sandbox);
    const ageMs = lastMs === undefined ? INTERVAL_MS : clock.monotonicMs() - lastMs;
    const measure = () => {
      this.#timers.delete(sandbox);
      void this.#measure(sandbox).catch(this.#parts.onError);
    };
    if (ageMs >= INTERVAL_MS && !this.#running.has(sandbox)) measure();
    else this.#timers.set(sandbox, setTimeout(measure, Math.max(0, INTERVAL_MS - ageMs)));
  }

  /** Throws `no_space` where the server's disk is used up, where its key's is, and where the sandbox is over its limit: waits for a measurement under way, and measures anew before it refuses. */
  async requireRoom(sandbox: Sandbox): Promise<void> {
    await this.#parts.disks.reserve.requireForWrite();
    await this.#parts.keyDisk.requireRoom(sandbox.record?.createdBy ?? null);
    await this.#running.get(sandbox);
    if (!this.#isOver(sandbox)) return;
    await this.#measure(sandbox);
    if (!this.#isOver(sandbox)) return;
    const limit = Math.floor(this.#parts.config.diskLimitBytes / 2 ** 20);
    throw new SandboxError(
      'no_space',
      `The sandbox is over its disk limit of ${limit} MiB; delete files, then try again.`,
    );
  }

  /** Waits, for a walk through its files at most, for the first measurement of a sandbox that is about to end: nobody could make it afterwards. */
  async settle(sandbox: Sandbox): Promise<void> {
    const running = this.#running.get(sandbox);
    if (!running || sandbox.record?.diskBytes !== null) return;
    await withDeadline(running, WALK_MS, 'The sandbox was not measured before it ended.').catch(this.#parts.onError);
  }

  /** Does work that writes; where there was no room for it, says whether that was the sandbox's or the server's. */
  async whileWriting<T>(sandbox: Sandbox, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw isSandboxError(error, 'no_space') ? await this.#parts.disks.reserve.explain(error, sandbox.id) : error;
    }
  }

  /** Plans nothing more and waits for what is under way, which ends with the agents' connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await Promise.allSettled(this.#running.values());
  }

  #isOver(sandbox: Sandbox): boolean {
    const { diskLimitBytes } = this.#parts.config;
    const reading = this.#readings.get(sandbox);
    if (!reading || diskLimitBytes === 0 || sandbox.record?.diskBytes === null) return false;
    return reading.bytes > diskLimitBytes || reading.entries > inodesOf(diskLimitBytes);
  }

  #measure(sandbox: Sandbox): Promise<void> {
    const running = this.#running.get(sandbox) ?? this.#read(sandbox).finally(() => this.#running.delete(sandbox));
    this.#running.set(sandbox, running);
    return running;
  }

  async #read(sandbox: Sandbox): Promise<void> {
    const connection = sandbox.state === 'running' ? sandbox.link?.current : undefined;
    const { disks, clock, config } = this.#parts;
    if (!connection) return;
    if (disks.usesVolumes) return await this.#readVolume(sandbox);
    try {
      await sandbox.whileMeasured(async () => {
        if (await disks.holdsSizeOf(sandbox.id)) {
          this.#held.add(connection);
          return;
        }
        const limits = { timeMs: WALK_MS, entries: inodesOf(config.diskLimitBytes) + 1 };
        const usage = await measureFolders(connection, [WORKSPACE, PACKAGES], limits);
        this.#readings.set(sandbox, usage);
        this.#measuredAtMs.set(sandbox, clock.monotonicMs());
        if (sandbox.record) sandbox.record.diskBytes = usage.bytes;
      });
    } catch (error) {
      // What the sandbox makes of its own measurement must not stop anybody else's work; the next one is due soon.
      if (!(error instanceof AgentFailure)) throw error;
    }
  }

  /** The engine holds its size; what it takes counts for a key. */
  async #readVolume(sandbox: Sandbox): Promise<void> {
    const { disks, clock, onError } = this.#parts;
    this.#measuredAtMs.set(sandbox, clock.monotonicMs());
    try {
      const bytes = await disks.volumeBytes(sandbox.id);
      if (sandbox.record && bytes !== null) sandbox.record.diskBytes = bytes;
    } catch (error) {
      // The next one is due soon, and no work waits for an engine that measures.
      onError(error);
    }
  }
}
