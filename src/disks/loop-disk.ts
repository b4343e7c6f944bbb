import { access, mkdir, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hasCode, SandboxError } from '../base/errors.ts';
import type { EngineUser } from '../engines/engine.ts';
import { CommandFailure } from './base/command.ts';
import type { DiskFolders, DiskRoom, DiskUsage, GrowingDisk, ImageFile, OpenOptions } from './base/disk.ts';
import { makeImage, repairImage } from './base/image.ts';
import { IMAGE_FILE, MOUNT_FOLDER } from './base/layout.ts';
import type { MountNamespace } from './base/mount-namespace.ts';
import { isScarce } from './base/scarce.ts';
import { readSuperblock } from './base/superblock.ts';
import { makeUserFolders } from './base/user-folder.ts';
import { copyImage, settleImage } from './copies/image-copy.ts';
import { holdImage } from './holder.ts';
import { flushMount, mountImage, unmount } from './mounts.ts';
import { mountedImages, shareRoom } from './room.ts';
import { RoomSharing } from './room-shares.ts';

/** Size of a disk where the limit is off: its image was made before and keeps its size. */
export const KEEP_SIZE = 0;

/** The folders in the disk of a sandbox, once it is open, by their paths on this machine. */
export function toFolders(folder: string): Record<keyof DiskFolders, string> {
  return { workspace: join(folder, MOUNT_FOLDER, 'workspace'), packages: join(folder, MOUNT_FOLDER, 'packages') };
}

/** True where a sandbox's files are in an image. */
export async function hasImage(folder: string): Promise<boolean> {
  return await access(join(folder, IMAGE_FILE)).then(
    () => true,
    () => false,
  );
}

/**
 * An ext4 file system in a sparse file, mounted through a loop device: what is in it ends at its size, for blocks and inodes.
 * The folders that an engine binds are only there while it is mounted, so that nothing can be started on the empty mount point.
 */
export class LoopDisk implements GrowingDisk {
  readonly #space: MountNamespace;
  readonly #sizeBytes: number;
  readonly #onError: (error: unknown) => void;
  readonly #sharing = new RoomSharing();

  constructor(space: MountNamespace, sizeBytes: number, onError: (error: unknown) => void) {
    this.#space = space;
    this.#sizeBytes = sizeBytes;
    this.#onError = onError;
  }

  async open(
    folder: string,
    owner: EngineUser,
    { sizeBytes = this.#sizeBytes, isShared = false, holder }: OpenOptions = {},
  ): Promise<DiskFolders> {
    const mountPoint = join(folder, MOUNT_FOLDER);
    try {
      if (holder !== undefined) await holdImage(this.#space, folder, holder, this.#onError);
      if (!(await this.#space.mountPoints()).includes(mountPoint))
        await this.#mount(folder, mountPoint, { sizeBytes, isShared });
    } catch (cause) {
      if (!(cause instanceof CommandFailure)) throw cause;
      if (await isScarce(this.#space.reach(folder))) {
        throw new SandboxError('no_space', 'The disk of the server is full, so no disk can be made or mounted.', {
          cause,
        });
      }
      const sentence =
        "The sandbox's disk cannot be made or mounted; its files are kept, and the operator must look at the log.";
      this.#onError(cause);
      throw new SandboxError('unavailable', sentence, { cause });
    }
    const folders = toFolders(folder);
    try {
      await makeUserFolders(this.#space, [folders.workspace, folders.packages], owner, {
        isOwnFileSystem: true,
        isShared,
      });
    } catch (error) {
      this.#onError(error);
      throw error;
    }
    return folders;
  }

  async close(folder: string): Promise<void> {
    const isClean = await unmount(this.#space, join(folder, MOUNT_FOLDER));
    if (!isClean) this.#onError(new Error(`The disk in ${folder} was in use and could only be detached.`));
  }

  async usage(folder: string): Promise<DiskUsage | null> {
    const mountPoint = join(folder, MOUNT_FOLDER);
    if ((await this.#space.mountPoints()).includes(mountPoint)) {
      const { blocks, bfree, bsize } = await statfs(this.#space.reach(mountPoint));
      return { usedBytes: (blocks - bfree) * bsize, limitBytes: blocks * bsize };
    }
    const superblock = await readSuperblock(this.#space.reach(join(folder, IMAGE_FILE))).catch(nullIfGone);
    return superblock && { usedBytes: superblock.usedBytes, limitBytes: superblock.usableBytes };
  }

  async mounted(dataDir: string): Promise<string[]> {
    const images = await mountedImages(this.#space, dataDir);
    return [...new Set(images.map(({ path }) => basename(dirname(path))))];
  }

  async shareRoom(dataDir: string, keepBytes: number): Promise<DiskRoom> {
    return await shareRoom(this.#space, dataDir, keepBytes, this.#sharing);
  }

  async flush(dataDir: string): Promise<void> {
    for (const { path } of await mountedImages(this.#space, dataDir)) await flushMount(this.#space, path);
  }

  async flushDisk(folder: string, deadlineMs: number): Promise<void> {
    const mountPoint = join(folder, MOUNT_FOLDER);
    if (!(await this.#space.mountPoints()).includes(mountPoint)) return;
    await flushMount(this.#space, mountPoint, Math.max(1, Math.ceil(deadlineMs))).catch((cause: unknown) => {
      if (!(cause instanceof CommandFailure)) throw cause;
      const sentence =
        'What the sandbox has written is not on its disk in time; try again when the server has less to do.';
      throw new SandboxError('unavailable', sentence, { cause });
    });
  }

  async copyImage(from: ImageFile, to: ImageFile, deadlineMs: number): Promise<void> {
    await copyImage(this.#space, from, to, deadlineMs);
  }

  async settleImage(image: ImageFile): Promise<void> {
    await settleImage(this.#space, image);
  }

  async #mount(
    folder: string,
    mountPoint: string,
    { sizeBytes, isShared }: { readonly sizeBytes: number; readonly isShared: boolean },
  ): Promise<void> {
    const image = join(folder, IMAGE_FILE);
    if (await hasImage(this.#space.reach(folder))) await repairImage(this.#space, image, sizeBytes);
    else await makeImage(this.#space, image, sizeBytes, { isShared });
    await mkdir(this.#space.reach(mountPoint), { recursive: true, mode: 0o711 });
    await mountImage(this.#space, image, mountPoint);
  }
}

/** A disk may be purged while it is looked at. */
function nullIfGone(error: unknown): null {
  if (hasCode(error, 'ENOENT')) return null;
  throw error;
}
