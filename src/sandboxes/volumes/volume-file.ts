import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readText, writeAtomically } from '../../base/atomic-file.ts';

const VOLUME_FILE = 'volume.json';

/** A volume's folder in the data folder, beside those of sandboxes. */
const VOLUME_FOLDER = /^volume-[0-9a-f]{20}$/;

const volume = z.object({
  version: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{20}$/),
  name: z.string(),
  /** The name of the principal that made it. */
  createdBy: z.string(),
  createdAtMs: z.number(),
  sizeBytes: z.number(),
  /** The sandbox that it is made for and goes with; null for one that several may have. */
  sandboxId: z.string().nullable(),
  /** Where it is mounted if nobody says otherwise. */
  mountPath: z.string(),
});

/** A folder beside the workspace with a size of its own; what persists of it is a disk image. */
export type Volume = Readonly<z.infer<typeof volume>>;

/** The name of a volume's folder, and of its disk. */
export function folderOfVolume(id: string): string {
  return `volume-${id}`;
}

/** True for a name that a volume's folder may have. */
export function isVolumeFolder(name: string): boolean {
  return VOLUME_FOLDER.test(name);
}

/** All volumes of a data folder; a folder in which none is described is left out. */
export async function readVolumes(dataDir: string): Promise<readonly Volume[]> {
  const names = (await readdir(dataDir)).filter(isVolumeFolder);
  const found = await Promise.all(names.map((name) => readVolume(join(dataDir, name))));
  return found.filter((one) => one !== null);
}

/** Writes what a volume is into its folder, which is there. */
export async function writeVolume(dataDir: string, described: Volume): Promise<void> {
  const file = join(dataDir, folderOfVolume(described.id), VOLUME_FILE);
  await writeAtomically(file, JSON.stringify(described, null, 2));
}

async function readVolume(folder: string): Promise<Volume | null> {
  const text = await readText(join(folder, VOLUME_FILE));
  if (text === null) return null;
  try {
    return volume.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
