import { chmod, chown, lstat, mkdir } from 'node:fs/promises';

/** Who owns what a sandbox writes. */
export interface DiskOwner {
  readonly uid: number;
  readonly gid: number;
}

/** Makes a folder of the sandbox's user; of one that is there only the owner is set right, where a crash came between. */
export async function makeUserFolder(folder: string, owner: DiskOwner): Promise<void> {
  const isNew = await made(folder);
  const { uid, gid } = await lstat(folder);
  if (uid !== owner.uid || gid !== owner.gid) await chown(folder, owner.uid, owner.gid);
  if (isNew) await chmod(folder, 0o755);
}

async function made(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o755 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
