import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ARCHIVE_FILE, PLAIN_FOLDERS, RESTORED_FOLDER } from '../base/layout.ts';
import { removeFolder } from '../base/removal.ts';
import { pack, settleArchive, unpack } from './archive.ts';
import type { CopyPlace, FileCopies } from './file-copies.ts';
import { dropOtherFolders, exchangeFolders, putFoldersBack } from './folder-exchange.ts';
import { survey } from './survey.ts';

/** How long counting files may take, in milliseconds. */
const COUNT_MS = 60_000;

/** Copies of plain folders: an archive each, which is one file, however many there are in it. */
export class FolderCopies implements FileCopies {
  readonly #folderOf: (name: string) => string;

  constructor(folderOf: (name: string) => string) {
    this.#folderOf = folderOf;
  }

  async sizeNow(name: string): Promise<number> {
    return await survey(this.#own(name), COUNT_MS);
  }

  /** What is packed is read, wherever it is. */
  async flush(): Promise<void> {}

  async copyNow(name: string, to: CopyPlace, sizeBytes: number, deadlineMs: number): Promise<void> {
    await pack(this.#folderOf(name), this.#archiveIn(to), sizeBytes, deadlineMs);
  }

  async settle(place: CopyPlace): Promise<void> {
    await settleArchive(this.#archiveIn(place));
  }

  async seed(from: CopyPlace, name: string): Promise<number> {
    await unpack(this.#archiveIn(from), this.#folderOf(name));
    if (from.name === name) await rm(this.#archiveIn(from));
    return await survey(this.#own(name), COUNT_MS);
  }

  async prepare(from: CopyPlace, name: string): Promise<void> {
    await unpack(this.#archiveIn(from), join(this.#folderOf(name), RESTORED_FOLDER));
  }

  async exchange(name: string): Promise<void> {
    await exchangeFolders(this.#folderOf(name));
  }

  async putBack(name: string): Promise<void> {
    await putFoldersBack(this.#folderOf(name));
  }

  async dropPrepared(name: string): Promise<void> {
    await removeFolder(join(this.#folderOf(name), RESTORED_FOLDER));
  }

  async dropOthers(name: string): Promise<void> {
    await dropOtherFolders(this.#folderOf(name));
  }

  async drop(): Promise<void> {}

  #own(name: string): string[] {
    return PLAIN_FOLDERS.map((folder) => join(this.#folderOf(name), folder));
  }

  #archiveIn({ name, path }: CopyPlace): string {
    return join(this.#folderOf(name), path, ARCHIVE_FILE);
  }
}
