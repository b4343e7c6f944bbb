import type { Disks } from '../../disks/disks.ts';
import { IMAGE_FILE } from '../../disks/layout.ts';
import { SandboxError } from '../../errors.ts';
import { requireExisting } from '../changes.ts';
import type { Freezer } from '../lifecycle/freezer.ts';
import type { KeyDisk } from '../metering/key-disk.ts';
import type { Sandbox } from '../sandbox.ts';

/** How long a sandbox may be frozen for a copy of its disk, in milliseconds. */
const FROZEN_MS = 30_000;

/** How long what was written before may take to reach the disk, while the sandbox runs on, in milliseconds. */
const FLUSH_MS = 60_000;

/** How long a copy may take for which nothing is frozen, in milliseconds. */
const COPY_MS = 300_000;

interface CaptureParts {
  readonly disks: Disks;
  readonly freezer: Freezer;
  readonly keyDisk: KeyDisk;
}

/** What a copy takes. */
interface Room {
  readonly bytes: number;
  /** Against whose limit it counts; null where it is nobody's. */
  readonly keyName: string | null;
  /** How much more that key has then, where it is not all of it. */
  readonly keyBytes?: number;
}

/** Where an image is, or is to be: the folder of a sandbox, and the image's path in there. */
export interface ImagePlace {
  readonly name: string;
  readonly file: string;
}

/** Copies disk images of sandboxes, whole and in order. */
export class DiskCapture {
  readonly #parts: CaptureParts;

  constructor(parts: CaptureParts) {
    this.#parts = parts;
  }

  /**
   * Copies the disk of a sandbox as it is now, which is frozen for that; the copy is on disk when this resolves. Throws `unavailable`
   * where the sandbox would be frozen for more than 30 seconds, `no_space` where there is no room.
   */
  async copyDisk(sandbox: Sandbox, to: ImagePlace): Promise<void> {
    const { disks, freezer } = this.#parts;
    const { id } = sandbox;
    // What is on disk before need not be written while everything stands still.
    await disks.flushDisk(id, FLUSH_MS);
    await sandbox.mutex.run(async () => {
      requireExisting(sandbox);
      await freezer.whileFrozen(sandbox, async () => {
        const endMs = performance.now() + FROZEN_MS;
        await disks.flushDisk(id, endMs - performance.now());
        await disks.copyImage({ name: id, file: IMAGE_FILE }, to, endMs - performance.now());
      });
    });
    await disks.settleImage(to);
  }

  /** Copies an image to which nobody writes; the copy is on disk when this resolves. */
  async copyImage(from: ImagePlace, to: ImagePlace): Promise<void> {
    await this.#parts.disks.copyImage(from, to, COPY_MS);
    await this.#parts.disks.settleImage(to);
  }

  /** Does work that copies; throws `no_space` where the server's disk, or what a key may have of it, has no room for that. */
  async withRoom<T>({ bytes, keyName, keyBytes = bytes }: Room, work: () => Promise<T>): Promise<T> {
    const { disks, keyDisk } = this.#parts;
    const { roomBytes } = await disks.reserve.look();
    if (roomBytes >= bytes) return await keyDisk.whileTaking(keyName, keyBytes, work);
    const sentence = `The disk of the server has no room for a copy of ${toMiB(bytes)} MiB; delete checkpoints or files, or tell its operator to free space.`;
    throw new SandboxError('no_space', sentence);
  }
}

function toMiB(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
