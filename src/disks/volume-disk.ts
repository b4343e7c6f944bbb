import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readText, writeAtomically } from '../atomic-file.ts';
import type { EngineVolumes, VolumeUsage } from '../engines/engine-volumes.ts';
import { isSandboxError, SandboxError } from '../errors.ts';
import type { Disk, DiskFolders, DiskUsage, OpenOptions } from './disk.ts';
import { VOLUME_FILE } from './layout.ts';
import type { DiskOwner } from './user-folder.ts';

const noteSchema = z.object({
  version: z.literal(1),
  name: z.string().regex(/^clara-[0-9a-f]{24}$/),
  /** True once the engine has made it: from then on one that is not there is lost. */
  isMade: z.boolean(),
});

type Note = z.infer<typeof noteSchema>;

/** A volume that the server keeps itself, in a folder of its own, is described in a file of that name too. */
const describedSchema = z.object({ mountPath: z.string() }).transform(() => null);

const fileSchema = z.union([noteSchema, describedSchema]);

/** True where a sandbox's files are in a volume of the engine. */
export async function hasVolume(folder: string): Promise<boolean> {
  return (await readNote(folder)) !== null;
}

/** A volume of the engine for each sandbox. Its name is kept in the sandbox's folder, and stays whatever becomes of that. */
export class VolumeDisk implements Disk {
  readonly #volumes: EngineVolumes;
  readonly #sizeBytes: number;

  constructor(volumes: EngineVolumes, sizeBytes: number) {
    this.#volumes = volumes;
    this.#sizeBytes = sizeBytes;
  }

  /** Throws `unavailable` where the engine has lost it: an empty one would seem to be the sandbox's files. */
  async open(
    folder: string,
    owner: DiskOwner,
    { sizeBytes = this.#sizeBytes }: OpenOptions = {},
  ): Promise<DiskFolders> {
    const found = await readNote(folder);
    const name = found?.name ?? `clara-${randomBytes(12).toString('hex')}`;
    if (!found?.isMade) {
      // The name first: what a crash leaves of the volume is found by it.
      if (!found) await writeNote(folder, { version: 1, name, isMade: false });
      await this.#volumes.create(name, { sizeBytes, owner }).catch((error: unknown) => {
        if (!isSandboxError(error, 'conflict')) throw error;
      });
      await writeNote(folder, { version: 1, name, isMade: true });
    } else if (!(await this.#volumes.has(name))) {
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
    const found = await readNote(folder);
    return found?.isMade ? await this.#volumes.usage(found.name) : null;
  }

  async mounted(): Promise<string[]> {
    return [];
  }

  /** Removes it for good; succeeds where there is none. */
  async remove(folder: string): Promise<void> {
    const found = await readNote(folder);
    if (found) await this.#volumes.remove(found.name);
  }
}

async function readNote(folder: string): Promise<Note | null> {
  const text = await readText(join(folder, VOLUME_FILE));
  return text === null ? null : fileSchema.parse(JSON.parse(text));
}

async function writeNote(folder: string, note: Note): Promise<void> {
  await writeAtomically(join(folder, VOLUME_FILE), JSON.stringify(note));
}
