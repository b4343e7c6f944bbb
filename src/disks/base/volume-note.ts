import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readText, writeAtomically } from '../../base/atomic-file.ts';
import { KEPT_VOLUME_FILE, VOLUME_FILE } from './layout.ts';

const noteSchema = z.object({
  version: z.literal(1),
  name: z.string().regex(/^clara-[0-9a-f]{24}$/),
  /** True once the engine has made it: from then on one that is not there is lost. */
  isMade: z.boolean(),
  /** What a copy of a sandbox's files took when it was made, in bytes; absent where it is the files of one. */
  copiedBytes: z.number().optional(),
});

/** Which volume of the engine has files, in a file where they would be on this machine. */
export type VolumeNote = z.infer<typeof noteSchema>;

/** A volume that the server keeps itself, in a folder of its own, is described in a file of that name too. */
const describedSchema = z.object({ mountPath: z.string() }).transform(() => null);

const fileSchema = z.union([noteSchema, describedSchema]);

/** A note of a volume that is to be made, under a name that no other has. */
export function newVolumeNote(): VolumeNote {
  return { version: 1, name: `clara-${randomBytes(12).toString('hex')}`, isMade: false };
}

/** What a file says; null where there is none, or where it describes a volume of the server's own. */
export async function readVolumeNote(file: string): Promise<VolumeNote | null> {
  const text = await readText(file);
  return text === null ? null : fileSchema.parse(JSON.parse(text));
}

/** Where it is said which volume of the engine has the files of a folder, there or not. */
export async function noteFileOf(folder: string): Promise<string> {
  const file = join(folder, VOLUME_FILE);
  const text = await readText(file);
  const isDescribed = text !== null && describedSchema.safeParse(JSON.parse(text)).success;
  return isDescribed ? join(folder, KEPT_VOLUME_FILE) : file;
}

/** Writes it; on disk when this resolves. */
export async function writeVolumeNote(file: string, note: VolumeNote): Promise<void> {
  await writeAtomically(file, JSON.stringify(note));
}
