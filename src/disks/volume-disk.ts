import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, isSandboxError, SandboxError } from '../base/errors.ts';
import type { EngineUser } from '../engines/engine.ts';
import type { EngineVolumes, VolumeUsage } from '../engines/engine-volumes.ts';
import type { Disk, DiskFolders, DiskUsage, OpenOptions } from './base/disk.ts';
import {
  CHECKPOINTS_FOLDER,
  KEPT_VOLUME_FILE,
  PREVIOUS_VOLUME_FILE,
  RESTORED_VOLUME_FILE,
  VOLUME_FILE,
} from './base/layout.ts';
import { newVolumeNote, noteFileOf, readVolumeNote, writeVolumeNote } from './base/volume-note.ts';

/** True where a sandbox's files are in a volume of the engine. */
export async function hasVolume(folder: string): Promise<boolean> {
  return (await readVolumeNote(await noteFileOf(folder))) !== null;
}

/** A volume of the engine for each sandbox. Its name is kept in the sandbox's folder, and stays whatever becomes of that. */
export class VolumeDisk implements Disk {
  readonly #volumes: EngineVolumes;
  readonly #sizeBytes: number;

  constructor(volumes: EngineVolumes, sizeBytes: number) {
    this.#volumes = volumes;
    this.#sizeBytes = sizeBytes;
  }

  /** Lets one that is there grow to the size; throws `unavailable` where the engine has lost it: an empty one would seem to be the sandbox's files. */
  async open(
    folder: string,
    owner: EngineUser,
    { sizeBytes = this.#sizeBytes, isSpare = false }: OpenOptions = {},
  ): Promise<DiskFolders> {
    const file = await noteFileOf(folder);
    const found = await readVolumeNote(file);
    const note = found ?? newVolumeNote();
    const { name } = note;
    if (!note.isMade) {
      // The name first: what a crash leaves of the volume is found by it.
      if (!found) await writeVolumeNote(file, note);
      await this.#volumes.create(name, { sizeBytes, owner, isSpare }).catch((error: unknown) => {
        if (!isSandboxError(error, 'conflict')) throw error;
      });
      await writeVolumeNote(file, { ...note, isMade: true });
    } else if (!(await this.#volumes.grow(name, sizeBytes))) {
      const sentence = `The volume ${name} of the sandbox is gone from the engine; the operator has to bring it back.`;
      throw new SandboxError('unavailable', sentence);
    }
    return { workspace: { volume: name, folder: 'workspace' }, packages: { volume: name, folder: 'packages' } };
  }

  async close(): Promise<void> {}

  async usage(folder: string): Promise<DiskUsage | null> {
    const usage = await this.measure(folder);
    return usage && usage.limitBytes > 0 ? usage : null;
  }

  /** The same of one without a limit too; null where there is none. */
  async measure(folder: string): Promise<VolumeUsage | null> {
    const found = await readVolumeNote(await noteFileOf(folder));
    return found?.isMade ? await this.#volumes.usage(found.name) : null;
  }

  async mounted(): Promise<string[]> {
    return [];
  }

  /** Removes it for good, and those of its copies; succeeds where there is none. */
  async remove(folder: string): Promise<void> {
    for (const file of await noteFiles(folder)) {
      const found = await readVolumeNote(join(folder, file));
      if (!found) continue;
      await this.#volumes.remove(found.name);
      // One that is named and not there would count as lost.
      await rm(join(folder, file));
    }
  }
}

/** The names of the engine's volumes in which a sandbox's files and its checkpoints are. */
export async function volumesOf(folder: string): Promise<readonly string[]> {
  const notes = await Promise.all((await noteFiles(folder)).map((file) => readVolumeNote(join(folder, file))));
  return [...new Set(notes.flatMap((note) => (note?.isMade ? [note.name] : [])))];
}

/** Where volumes of a sandbox may be named, from its folder on. */
async function noteFiles(folder: string): Promise<readonly string[]> {
  const checkpoints = await readdir(join(folder, CHECKPOINTS_FOLDER)).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  const ofCheckpoints = checkpoints.map((id) => join(CHECKPOINTS_FOLDER, id, VOLUME_FILE));
  return [...ofCheckpoints, RESTORED_VOLUME_FILE, PREVIOUS_VOLUME_FILE, VOLUME_FILE, KEPT_VOLUME_FILE];
}
