import { statfs } from 'node:fs/promises';

/** A disk with less room than this has none: what a sandbox's disk needs for its own data when it is made, about. */
export const SCARCE_BYTES = 16 * 2 ** 20;

/** True where the file system of this folder has no room. */
export async function isScarce(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize < SCARCE_BYTES;
}
