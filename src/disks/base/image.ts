import { open, rename, rm, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CommandFailure } from './command.ts';
import { giveGroupAccess } from './group-access.ts';
import type { MountNamespace } from './mount-namespace.ts';
import { readSuperblock } from './superblock.ts';
import { syncPath } from './sync.ts';

const MAKE_MS = 60_000;

/** A check after a crash of the machine replays the journal and goes through the inodes. */
const CHECK_MS = 300_000;

const QUERY_MS = 10_000;

const BLOCK_BYTES = 4096;

const BYTES_PER_INODE = 16_384;

const FEWEST_INODES = 20_000;

const JOURNAL_MIB = 4;

/** How many files and folders a disk of this size holds. */
export function inodesOf(sizeBytes: number): number {
  return Math.max(FEWEST_INODES, Math.floor(sizeBytes / BYTES_PER_INODE));
}

/** Makes a sparse ext4 image, of which one that is shared gives all to groups; it appears under its name only when it is whole and on disk. */
export async function makeImage(
  space: MountNamespace,
  image: string,
  sizeBytes: number,
  { isShared = false }: { readonly isShared?: boolean } = {},
): Promise<void> {
  const unfinished = `${image}.new`;
  await rm(space.reach(unfinished), { force: true });
  const file = await open(space.reach(unfinished), 'wx', 0o600);
  try {
    await file.truncate(sizeBytes);
    await space.run('mkfs.ext4', [...toMakeOptions(sizeBytes), unfinished], MAKE_MS);
    if (isShared) await giveGroupAccess(space, unfinished);
    await file.sync();
  } catch (error) {
    await rm(space.reach(unfinished), { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(space.reach(unfinished), space.reach(image));
  await syncPath(space.reach(dirname(image)));
}

function toMakeOptions(sizeBytes: number): string[] {
  const inodes = String(inodesOf(sizeBytes));
  // A journal that has its room on the disk below takes a commit even when that is full.
  const extended = 'lazy_itable_init=1,lazy_journal_init=0,nodiscard';
  const size = ['-b', String(BLOCK_BYTES), '-m', '0', '-N', inodes, '-J', `size=${JOURNAL_MIB}`];
  return ['-q', '-F', ...size, '-E', extended];
}

/**
 * Makes an image that is not mounted fit to be mounted: checks one that was not unmounted properly, and grows one that is
 * smaller than it should be. One that a loop device still holds is in order as it is. Throws a CommandFailure where it is beyond repair.
 */
export async function repairImage(space: MountNamespace, image: string, sizeBytes: number): Promise<void> {
  const superblock = await readSuperblock(space.reach(image));
  const wantedBytes = Math.floor(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
  const isTooSmall = superblock !== null && superblock.sizeBytes < wantedBytes;
  if (superblock?.isClean && !isTooSmall) return;
  if (await isAttached(space, image)) return;
  await checkImage(space, image, isTooSmall);
  if (!isTooSmall) return;
  await truncate(space.reach(image), wantedBytes);
  await space.run('resize2fs', [image], CHECK_MS);
}

/**
 * Replays the journal of an image that is not mounted, and goes through all of it where that is forced; throws a CommandFailure where it
 * is beyond repair. e2fsck exits with 1 where it has mended everything. https://man7.org/linux/man-pages/man8/e2fsck.8.html
 */
export async function checkImage(space: MountNamespace, image: string, isForced: boolean): Promise<void> {
  const argv = ['-p', ...(isForced ? ['-f'] : []), image];
  try {
    await space.run('e2fsck', argv, CHECK_MS);
  } catch (error) {
    if (!(error instanceof CommandFailure) || error.exitCode !== 1) throw error;
  }
}

/** True where a loop device has the image: it is mounted somewhere, whoever sees that. */
export async function isAttached(space: MountNamespace, image: string): Promise<boolean> {
  return (await space.run('losetup', ['-n', '-O', 'NAME', '-j', image], QUERY_MS)).trim() !== '';
}
