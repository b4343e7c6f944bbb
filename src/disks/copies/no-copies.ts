import { join } from 'node:path';
import { SandboxError } from '../../base/errors.ts';
import { VOLUME_FILE } from '../base/layout.ts';
import { readVolumeNote } from '../base/volume-note.ts';
import type { CopyPlace, FileCopies } from './file-copies.ts';

/** Stands where the engine has no volumes and a sandbox's files are in one: each call throws `unavailable`, but those that clear up find nothing, save a copy in a volume. */
export class NoCopies implements FileCopies {
  readonly #folderOf: (name: string) => string;

  constructor(folderOf: (name: string) => string) {
    this.#folderOf = folderOf;
  }

  async sizeNow(): Promise<never> {
    throw elsewhere();
  }

  async flush(): Promise<never> {
    throw elsewhere();
  }

  async copyNow(): Promise<never> {
    throw elsewhere();
  }

  async settle(): Promise<never> {
    throw elsewhere();
  }

  async seed(): Promise<never> {
    throw elsewhere();
  }

  async prepare(): Promise<never> {
    throw elsewhere();
  }

  async exchange(): Promise<never> {
    throw elsewhere();
  }

  async putBack(): Promise<never> {
    throw elsewhere();
  }

  async dropPrepared(): Promise<void> {}

  async dropOthers(): Promise<void> {}

  async drop({ name, path }: CopyPlace): Promise<void> {
    if (await readVolumeNote(join(this.#folderOf(name), path, VOLUME_FILE))) throw elsewhere();
  }
}

function elsewhere(): SandboxError {
  const sentence = 'The files of the sandbox are in a volume of another engine, which alone can copy them.';
  return new SandboxError('unavailable', sentence);
}
