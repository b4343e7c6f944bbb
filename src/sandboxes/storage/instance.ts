import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readText, writeAtomically } from '../../base/atomic-file.ts';
import { SandboxError } from '../../base/errors.ts';

/** The file with the identity of a data folder. */
export const INSTANCE_FILE = 'instance';

/** The file with the path that the data folder had when its server last started. */
export const PLACE_FILE = 'place';

/** Tells whether a folder is on the engine's machine; true also where nobody can know. */
export type IsThere = (path: string) => Promise<boolean>;

/**
 * The identity of a data folder, which tells this server's sandboxes from others'; made where there is none. A folder that was moved
 * keeps it. A copy of one that is still there gets another, or two servers would take each other's containers for their own.
 */
export async function openInstance(dataDir: string, isThere: IsThere): Promise<string> {
  const file = join(dataDir, INSTANCE_FILE);
  const placeFile = join(dataDir, PLACE_FILE);
  const known = await readText(file);
  const place = await readText(placeFile);
  const isValid = known !== null && /^[0-9a-f]{12}$/.test(known);
  const isCopy = isValid && place !== null && place !== dataDir && (await isElsewhere(place, dataDir, known, isThere));
  const instance = isValid && !isCopy ? known : randomBytes(6).toString('hex');
  if (instance !== known) await writeAtomically(file, instance);
  if (place !== dataDir) await writeAtomically(placeFile, dataDir);
  return instance;
}

/**
 * Throws `unavailable` where the data folder has another identity, or none: a disk that is not mounted any more leaves an empty folder
 * behind, in which sandboxes would seem to have lost their files.
 */
export async function requireInstance(dataDir: string, instance: string): Promise<void> {
  if ((await readText(join(dataDir, INSTANCE_FILE))) === instance) return;
  throw new SandboxError(
    'unavailable',
    `The data folder ${dataDir} is gone or another one; the operator must bring it back.`,
  );
}

/** Whether another folder at that place has this identity too. */
async function isElsewhere(place: string, dataDir: string, instance: string, isThere: IsThere): Promise<boolean> {
  const seen = await readText(join(place, INSTANCE_FILE)).catch(() => null);
  if (seen !== null) return seen === instance && !(await isSameFolder(place, dataDir));
  return await isThere(join(place, INSTANCE_FILE));
}

/** Two mounts of one folder are no copy. */
async function isSameFolder(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([stat(one), stat(other)]);
  return first.dev === second.dev && first.ino === second.ino;
}
