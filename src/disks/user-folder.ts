import { chmod, chown, lstat, mkdir } from 'node:fs/promises';
import type { MountNamespace } from './mount-namespace.ts';

/** Giving away a disk that is full of small files goes through all of them. */
const GIVE_MS = 300_000;

/** Who owns what a sandbox writes. */
export interface DiskOwner {
  readonly uid: number;
  readonly gid: number;
}

/** Nobody else on the machine reads what is in it, whatever modes the files have. */
const MODE = 0o700;

/**
 * Makes a folder of the sandbox's user, closed to all others. One that is there is given to that user with all that is in it where
 * it is another's, as after a crash or once the engine maps users differently.
 */
export async function makeUserFolder(space: MountNamespace, folder: string, owner: DiskOwner): Promise<void> {
  const { uid, gid } = owner;
  const reached = space.reach(folder);
  if (await made(reached)) {
    await chown(reached, uid, gid);
    await chmod(reached, MODE);
    return;
  }
  const found = await lstat(reached);
  if ((found.mode & 0o777) !== MODE) await chmod(reached, MODE);
  if (found.uid === uid && found.gid === gid) return;
  // It follows no links, and comes to the folder itself last: where it is interrupted, the next call begins anew.
  await space.run('chown', ['-R', '-h', '-P', '--', `${uid}:${gid}`, folder], GIVE_MS);
}

async function made(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: MODE });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
