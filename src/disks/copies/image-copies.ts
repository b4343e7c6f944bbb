import { join } from 'node:path';
import type { GrowingDisk, ImageFile } from '../base/disk.ts';
import { IMAGE_FILE, PREVIOUS_FILE, RESTORED_FILE } from '../base/layout.ts';
import { dropFile, exchangeFile, putBack } from './exchange.ts';
import type { CopyPlace, FileCopies } from './file-copies.ts';

/** How long a copy may take for which nothing is frozen, in milliseconds. */
const COPY_MS = 300_000;

interface ImageCopiesParts {
  readonly disk: GrowingDisk;
  readonly folderOf: (name: string) => string;
  /** What the image of a sandbox takes, with what was written and has no place there yet. */
  readonly bytesOf: (name: string) => Promise<number>;
}

/** Copies of disk images, whole and in order. */
export class ImageCopies implements FileCopies {
  readonly #parts: ImageCopiesParts;

  constructor(parts: ImageCopiesParts) {
    this.#parts = parts;
  }

  async sizeNow(name: string): Promise<number> {
    return await this.#parts.bytesOf(name);
  }

  async flush(name: string, deadlineMs: number): Promise<void> {
    await this.#parts.disk.flushDisk(this.#parts.folderOf(name), deadlineMs);
  }

  async copyNow(name: string, to: CopyPlace, _sizeBytes: number, deadlineMs: number): Promise<void> {
    const endMs = performance.now() + deadlineMs;
    await this.flush(name, deadlineMs);
    await this.#parts.disk.copyImage(this.#own(name), this.#imageIn(to), endMs - performance.now());
  }

  async settle(place: CopyPlace): Promise<void> {
    await this.#parts.disk.settleImage(this.#imageIn(place));
  }

  async seed(from: CopyPlace, name: string): Promise<null> {
    if (from.name !== name) await this.#copy(from, this.#own(name));
    return null;
  }

  async prepare(from: CopyPlace, name: string): Promise<void> {
    await this.#copy(from, { folder: this.#parts.folderOf(name), file: RESTORED_FILE });
  }

  async exchange(name: string): Promise<void> {
    await exchangeFile(this.#exchange(name));
  }

  async putBack(name: string): Promise<void> {
    await putBack(this.#exchange(name));
  }

  async dropPrepared(name: string): Promise<void> {
    await dropFile(this.#parts.folderOf(name), RESTORED_FILE);
  }

  async dropOthers(name: string): Promise<void> {
    for (const file of [RESTORED_FILE, PREVIOUS_FILE]) await dropFile(this.#parts.folderOf(name), file);
  }

  async drop(): Promise<void> {}

  async #copy(from: CopyPlace, to: ImageFile): Promise<void> {
    await this.#parts.disk.copyImage(this.#imageIn(from), to, COPY_MS);
    await this.#parts.disk.settleImage(to);
  }

  #own(name: string): ImageFile {
    return { folder: this.#parts.folderOf(name), file: IMAGE_FILE };
  }

  #imageIn({ name, path }: CopyPlace): ImageFile {
    return { folder: this.#parts.folderOf(name), file: join(path, IMAGE_FILE) };
  }

  #exchange(name: string): Parameters<typeof exchangeFile>[0] {
    const folder = this.#parts.folderOf(name);
    return { folder, file: IMAGE_FILE, other: RESTORED_FILE, before: PREVIOUS_FILE };
  }
}
