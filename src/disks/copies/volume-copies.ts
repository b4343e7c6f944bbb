import { link, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../../base/errors.ts';
import type { EngineVolumes } from '../../engines/engine-volumes.ts';
import { PREVIOUS_VOLUME_FILE, RESTORED_VOLUME_FILE, VOLUME_FILE } from '../base/layout.ts';
import { syncPath } from '../base/sync.ts';
import { newVolumeNote, readVolumeNote, type VolumeNote, writeVolumeNote } from '../base/volume-note.ts';
import { exchangeFile } from './exchange.ts';
import type { CopyPlace, FileCopies } from './file-copies.ts';

/** How long a copy may take for which nothing is frozen, in milliseconds. */
const COPY_MS = 300_000;

/** Copies of volumes of the engine: each is a volume beside the other, and a file with its name is where the files would be. */
export class VolumeCopies implements FileCopies {
  readonly #volumes: EngineVolumes;
  readonly #folderOf: (name: string) => string;

  constructor(volumes: EngineVolumes, folderOf: (name: string) => string) {
    this.#volumes = volumes;
    this.#folderOf = folderOf;
  }

  async sizeNow(name: string): Promise<number> {
    return (await this.#volumes.usage(await this.#volumeIn(this.#own(name)))).usedBytes;
  }

  /** The machine of the volume reads what was written, wherever it is. */
  async flush(): Promise<void> {}

  async copyNow(name: string, to: CopyPlace, sizeBytes: number, deadlineMs: number): Promise<void> {
    // A place in a sandbox is a copy to keep; a folder of its own becomes the files of another sandbox.
    const more = to.path === '' ? {} : { copiedBytes: sizeBytes };
    await this.#copy(this.#own(name), this.#fileIn(to), deadlineMs, more);
  }

  async settle(): Promise<void> {}

  async seed(from: CopyPlace, name: string): Promise<null> {
    if (from.name !== name) await this.#copy(this.#fileIn(from), this.#own(name), COPY_MS);
    return null;
  }

  async prepare(from: CopyPlace, name: string): Promise<void> {
    await this.dropOthers(name);
    await this.#copy(this.#fileIn(from), this.#restored(name), COPY_MS);
  }

  async exchange(name: string): Promise<void> {
    const folder = this.#folderOf(name);
    await exchangeFile({ folder, file: VOLUME_FILE, other: RESTORED_VOLUME_FILE, before: PREVIOUS_VOLUME_FILE });
  }

  async putBack(name: string): Promise<void> {
    // The copy keeps a name by which it can be removed.
    await link(this.#own(name), this.#restored(name));
    await rename(this.#previous(name), this.#own(name));
    await syncPath(this.#folderOf(name));
  }

  async dropPrepared(name: string): Promise<void> {
    await this.#dropBeside(name, this.#restored(name));
  }

  async dropOthers(name: string): Promise<void> {
    for (const file of [this.#restored(name), this.#previous(name)]) await this.#dropBeside(name, file);
  }

  async drop(place: CopyPlace): Promise<void> {
    await this.#drop(this.#fileIn(place));
  }

  /** The name first: what a crash leaves of the volume is found by it. */
  async #copy(fromFile: string, toFile: string, deadlineMs: number, more: Partial<VolumeNote> = {}): Promise<void> {
    const from = await this.#volumeIn(fromFile);
    const note = { ...newVolumeNote(), ...more };
    await writeVolumeNote(toFile, note);
    try {
      await this.#volumes.copy(from, note.name, deadlineMs);
    } catch (error) {
      await this.#drop(toFile).catch(() => undefined);
      throw error;
    }
    await writeVolumeNote(toFile, { ...note, isMade: true });
  }

  async #volumeIn(file: string): Promise<string> {
    const note = await readVolumeNote(file);
    if (note) return note.name;
    throw new SandboxError('unavailable', 'The sandbox has no files in a volume of the engine yet.');
  }

  /** A crash in the middle of an exchange leaves the sandbox's own volume under two names. */
  async #dropBeside(name: string, file: string): Promise<void> {
    const own = await readVolumeNote(this.#own(name));
    const other = await readVolumeNote(file);
    if (other && other.name === own?.name) await rm(file, { force: true });
    else await this.#drop(file);
  }

  async #drop(file: string): Promise<void> {
    const note = await readVolumeNote(file);
    if (note) await this.#volumes.remove(note.name);
    await rm(file, { force: true });
  }

  #own(name: string): string {
    return join(this.#folderOf(name), VOLUME_FILE);
  }

  #restored(name: string): string {
    return join(this.#folderOf(name), RESTORED_VOLUME_FILE);
  }

  #previous(name: string): string {
    return join(this.#folderOf(name), PREVIOUS_VOLUME_FILE);
  }

  #fileIn({ name, path }: CopyPlace): string {
    return join(this.#folderOf(name), path, VOLUME_FILE);
  }
}
