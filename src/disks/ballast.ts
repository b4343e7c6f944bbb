import { open, stat, statfs } from 'node:fs/promises';
import { runCommand } from './base/command.ts';

const ALLOCATE_MS = 10_000;

const LEAST_BYTES = 4 * 2 ** 20;
const MOST_BYTES = 32 * 2 ** 20;
const FRACTION = 128;

/** Blocks of a file are counted in these (stat(2)). */
const BLOCK_BYTES = 512;

/**
 * Room on a disk that nobody else can take: blocks behind the end of a file, which they do not change. It is given up when the disk
 * is so full that disks can no longer be closed or opened in order, which writes a little.
 */
export class Ballast {
  readonly #file: string;
  #sizeBytes = 0;
  #isOut = false;

  constructor(file: string) {
    this.#file = file;
  }

  /** What it would take back: nothing while it is there, and where there never was one. */
  get owedBytes(): number {
    return this.#isOut ? this.#sizeBytes : 0;
  }

  /** Takes its room where there is more than twice as much free, and resolves with what it took; nothing where it has it, or the file system cannot. */
  async take(freeBytes: number): Promise<number> {
    if (this.#sizeBytes > 0 && !this.#isOut) return 0;
    const [{ blocks, bsize }, file] = await Promise.all([statfs(this.#file), stat(this.#file)]);
    const sizeBytes = Math.min(MOST_BYTES, Math.max(LEAST_BYTES, Math.floor((blocks * bsize) / FRACTION)));
    const isThere = file.blocks * BLOCK_BYTES >= sizeBytes;
    if (!isThere) {
      if (freeBytes < 2 * sizeBytes) return 0;
      await runCommand('fallocate', ['--keep-size', '-l', String(sizeBytes), this.#file], ALLOCATE_MS);
    }
    this.#sizeBytes = sizeBytes;
    this.#isOut = false;
    return isThere ? 0 : sizeBytes;
  }

  /** Gives its room up where less than this part of it is free; true if so. */
  async giveUp(freeBytes: number, part = 1): Promise<boolean> {
    if (this.#sizeBytes === 0 || this.#isOut || freeBytes >= this.#sizeBytes * part) return false;
    const file = await open(this.#file, 'r+');
    try {
      await file.truncate((await file.stat()).size);
      // The room is free once the journal says so.
      await file.sync();
    } finally {
      await file.close();
    }
    this.#isOut = true;
    return true;
  }
}
