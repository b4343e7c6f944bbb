import { SandboxError } from '../base/errors.ts';
import { CommandFailure } from './base/command.ts';
import type { MountNamespace } from './base/mount-namespace.ts';

const MOUNT_MS = 30_000;

/** Flushing and unmounting write what is not on disk yet. */
const UNMOUNT_MS = 60_000;

/** Mounts on top of each other that are taken away in one go. */
const MOST_LAYERS = 8;

/** A loop device may be given up between being found and being mounted. */
const MOUNT_ATTEMPTS = 3;

const OPTIONS = 'loop,nosuid,nodev,noatime,discard,noinit_itable,errors=remount-ro';

/** Mounts an image of ext4; what is in it can neither be a device nor gain privileges. */
export async function mountImage(space: MountNamespace, image: string, mountPoint: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await space.run('mount', ['-n', '-t', 'ext4', '-o', OPTIONS, image, mountPoint], MOUNT_MS);
      break;
    } catch (error) {
      if (!(error instanceof CommandFailure) || attempt === MOUNT_ATTEMPTS) throw error;
    }
  }
  if (!(await space.mountPoints()).includes(mountPoint)) {
    throw new SandboxError('unavailable', 'The disk of the sandbox was mounted and is not there.');
  }
}

/** Writes what is not in the image yet; throws a CommandFailure where some of it cannot be. */
export async function flushMount(
  space: MountNamespace,
  mountPoint: string,
  deadlineMs: number = UNMOUNT_MS,
): Promise<void> {
  await space.run('sync', ['-f', mountPoint], deadlineMs);
}

/**
 * Unmounts whatever is mounted there; does nothing where nothing is. A mount that something holds on to is detached: it ends
 * when that lets go, and until then a new mount of the same image shares its loop device. True unless that was needed.
 */
export async function unmount(space: MountNamespace, mountPoint: string): Promise<boolean> {
  let isClean = true;
  for (let layer = 0; layer < MOST_LAYERS && (await space.mountPoints()).includes(mountPoint); layer += 1) {
    // A container that starts at this moment has a copy of the mount for a while, and what it keeps alive nobody flushes.
    await flushMount(space, mountPoint).catch(() => undefined);
    try {
      await space.run('umount', ['-n', mountPoint], UNMOUNT_MS);
    } catch {
      if (!(await space.mountPoints()).includes(mountPoint)) break;
      isClean = false;
      await space.run('umount', ['-n', '-l', mountPoint], UNMOUNT_MS);
    }
  }
  return isClean;
}
