import { chmod, chown, lstat, mkdir } from 'node:fs/promises';
import { runCommand } from './command.ts';

/** Giving away a disk that is full of small files goes through all of them. */
const GIVE_MS = 300_000;

/** Who owns what a sandbox writes. */
export interface DiskOwner {
  readonly uid: number;
  readonly gid: number;
}

/** Finds out who that is, which the engine decides. */
export type FindOwner = () => Promise<DiskOwner>;

/**
 * Makes a folder of the sandbox's user. One that is there is given to that user with all that is in it where it is another's, as
 * after a crash or once the engine maps users differently.
 */
export async function makeUserFolder(folder: string, owner: DiskOwner): Promise<void> {
  const { uid, gid } = owner;
  if (await made(folder)) {
    await chown(folder, uid, gid);
    await chmod(folder, 0o755);
    return;
  }
  const found = await lstat(folder);
  if (found.uid === uid && found.gid === gid) return;
  // It follows no links, and comes to the folder itself last: where it is interrupted, the next call begins anew.
  await runCommand('chown', ['-R', '-h', '-P', '--', `${uid}:${gid}`, folder], GIVE_MS);
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
