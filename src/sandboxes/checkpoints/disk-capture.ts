import { SandboxError } from '../../base/errors.ts';
import type { DiskKind } from '../../disks/base/disk.ts';
import type { CopyPlace, FileCopies } from '../../disks/copies/file-copies.ts';
import type { Disks } from '../../disks/disks.ts';
import { requireExisting } from '../changes/changes.ts';
import type { Freezer } from '../lifecycle/freezer.ts';
import type { KeyDisk } from '../metering/key-disk.ts';
import type { Sandbox } from '../registry/sandbox.ts';

/** How long a sandbox may be frozen for a copy of its disk, in milliseconds. */
const FROZEN_MS = 30_000;

/** How long what was written before may take to reach the disk, while the sandbox runs on, in milliseconds. */
const FLUSH_MS = 60_000;

interface CaptureParts {
  readonly disks: Disks;
  readonly freezer: Freezer;
  readonly keyDisk: KeyDisk;
}

/** What a copy takes. */
interface Room {
  readonly kind: DiskKind;
  readonly bytes: number;
  /** Against whose limit it counts; null where it is nobody's. */
  readonly keyName: string | null;
  /** How much more that key has then, where it is not all of it. */
  readonly keyBytes?: number;
}

/** Copies the files of sandboxes, whole and in order. */
export class DiskCapture {
  readonly #parts: CaptureParts;

  constructor(parts: CaptureParts) {
    this.#parts = parts;
  }

  /** What copies the files of a sandbox. */
  async copiesOf(sandbox: Sandbox): Promise<FileCopies> {
    const { disks } = this.#parts;
    return disks.copies[await disks.kind(sandbox.id)];
  }

  /**
   * Copies what a sandbox has now, which is frozen for that and which counts for that key; the copy is on disk when this resolves. Throws
   * `unavailable` where the sandbox would be frozen for more than 30 seconds, `no_space` where there is no room.
   */
  async copyNow(sandbox: Sandbox, to: CopyPlace, keyName: string | null): Promise<void> {
    const kind = await this.#parts.disks.kind(sandbox.id);
    const copies = this.#parts.disks.copies[kind];
    const bytes = await copies.sizeNow(sandbox.id);
    await this.withRoom({ kind, bytes, keyName }, async () => {
      // What is on disk before need not be written while everything stands still.
      await copies.flush(sandbox.id, FLUSH_MS);
      await sandbox.mutex.run(async () => {
        requireExisting(sandbox);
        await this.#parts.freezer.whileFrozen(sandbox, () => copies.copyNow(sandbox.id, to, bytes, FROZEN_MS));
      });
      await copies.settle(to);
    });
  }

  /** Does work that copies; throws `no_space` where the server's disk, or what a key may have of it, has no room for that. */
  async withRoom<T>({ kind, bytes, keyName, keyBytes = bytes }: Room, work: () => Promise<T>): Promise<T> {
    const { disks, keyDisk } = this.#parts;
    // The engine says itself whether a volume has room.
    if (kind === 'volume' || (await disks.reserve.look()).roomBytes >= bytes)
      return await keyDisk.whileTaking(keyName, keyBytes, work);
    const sentence = `The disk of the server has no room for a copy of ${toMiB(bytes)} MiB; delete checkpoints or files, or tell its operator to free space.`;
    throw new SandboxError('no_space', sentence);
  }
}

function toMiB(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
