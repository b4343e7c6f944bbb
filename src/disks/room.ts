import { readFile, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isKernelFileGone } from '../base/errors.ts';
import type { DiskRoom } from './base/disk.ts';
import { IMAGE_FILE, MOUNT_FOLDER } from './base/layout.ts';
import type { MountNamespace, MountPoint } from './base/mount-namespace.ts';
import type { RoomSharing } from './room-shares.ts';

/** What ext4 keeps of its blocks for its own needs: a fiftieth, and no more than this. https://docs.kernel.org/admin-guide/ext4.html */
const RESERVED_BLOCKS = 4096;
const RESERVED_FRACTION = 50;

/** A mounted image: what its file system has, and what the machine has given its file. */
interface OpenImage {
  readonly name: string;
  readonly device: string;
  readonly blockBytes: number;
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly usedBytes: number;
  /** What it has promised its writers and the machine has not given it yet. */
  readonly pendingBytes: number;
}

/** The images of a data folder that are mounted in this namespace. */
export async function mountedImages(space: MountNamespace, dataDir: string): Promise<MountPoint[]> {
  const isImage = ({ path }: MountPoint) => basename(path) === MOUNT_FOLDER && dirname(dirname(path)) === dataDir;
  return (await space.mounts()).filter(isImage);
}

/**
 * Lets writers in the open images have no more room than the data folder's disk has besides `keepBytes`, and of the last of it together.
 * What was promised to them before and is not on that disk yet counts as used. A file system refuses what is beyond that with ENOSPC and
 * goes on with all else.
 */
export async function shareRoom(
  space: MountNamespace,
  dataDir: string,
  keepBytes: number,
  sharing: RoomSharing,
): Promise<DiskRoom> {
  const mounts = await mountedImages(space, dataDir);
  const images = (await Promise.all(mounts.map((mount) => lookAt(space, mount)))).filter((image) => image !== null);
  const { bavail, bsize } = await statfs(space.reach(dataDir));
  const freeBytes = bavail * bsize;
  const pendingBytes = images.reduce((sum, image) => sum + image.pendingBytes, 0);
  const { shares, roomBytes } = sharing.share(images, freeBytes - pendingBytes - keepBytes);
  const held = await Promise.all(images.map((image) => limit(space, image, shares.get(image.name) ?? 0)));
  const leastBytes = Math.min(roomBytes, ...shares.values());
  return { freeBytes, roomBytes, leastBytes, held: held.filter((name) => name !== null) };
}

/** Null where it is being unmounted at this moment. */
async function lookAt(space: MountNamespace, { path, device, deviceNumber }: MountPoint): Promise<OpenImage | null> {
  const folder = dirname(path);
  try {
    const [{ blocks, bfree, bsize }, image, root] = await Promise.all([
      statfs(space.reach(path)),
      stat(space.reach(join(folder, IMAGE_FILE))),
      stat(space.reach(path)),
    ]);
    if (root.dev !== deviceNumber) return null;
    const usedBytes = (blocks - bfree) * bsize;
    const pendingBytes = Math.max(0, usedBytes - image.blocks * 512);
    const all = Math.floor(image.size / bsize);
    return {
      name: basename(folder),
      device,
      blockBytes: bsize,
      blocks: all,
      freeBlocks: bfree,
      usedBytes,
      pendingBytes,
    };
  } catch (error) {
    if (isKernelFileGone(error)) return null;
    throw error;
  }
}

/** Keeps from its writers all but N bytes of what is free in it; its name where that is more than it keeps anyway, null too where it is being unmounted. */
async function limit(space: MountNamespace, image: OpenImage, roomBytes: number): Promise<string | null> {
  const usual = Math.min(Math.floor(image.blocks / RESERVED_FRACTION), RESERVED_BLOCKS);
  const roomBlocks = Math.max(0, Math.floor(roomBytes / image.blockBytes));
  const kept = Math.min(Math.max(usual, image.freeBlocks - roomBlocks), image.blocks - 1);
  const file = space.reach(`/sys/fs/ext4/${basename(image.device)}/reserved_clusters`);
  try {
    if (Number(await readFile(file, 'utf8')) !== kept) await writeFile(file, String(kept));
  } catch (error) {
    if (isKernelFileGone(error)) return null;
    throw error;
  }
  return kept > usual ? image.name : null;
}
