import { readFile } from 'node:fs/promises';
import { SandboxError } from '../errors.ts';
import { CommandFailure, runCommand } from './command.ts';

const MOUNT_MS = 30_000;

/** Flushing and unmounting write what is not on disk yet. */
const UNMOUNT_MS = 60_000;

/** Mounts on top of each other that are taken away in one go. */
const MOST_LAYERS = 8;

/** A loop device may be given up between being found and being mounted. */
const MOUNT_ATTEMPTS = 3;

const OPTIONS = 'loop,nosuid,nodev,noatime,discard,noinit_itable,errors=remount-ro';

/** The mount points of this process's mount namespace, as the kernel names them. */
export async function readMountPoints(): Promise<string[]> {
  return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** The mount points in a mountinfo file: the fifth field of each line, with spaces and such as octal escapes (proc(5)). */
export function parseMountInfo(text: string): string[] {
  const points: string[] = [];
  for (const line of text.split('\n')) {
    const point = line.split(' ')[4];
    if (point) points.push(unescapeOctal(point));
  }
  return points;
}

/** Mounts an image of ext4; what is in it can neither be a device nor gain privileges. */
export async function mountImage(image: string, mountPoint: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await runCommand('mount', ['-n', '-t', 'ext4', '-o', OPTIONS, image, mountPoint], MOUNT_MS);
      break;
    } catch (error) {
      if (!(error instanceof CommandFailure) || attempt === MOUNT_ATTEMPTS) throw error;
    }
  }
  if (!(await readMountPoints()).includes(mountPoint)) {
    throw new SandboxError('unavailable', 'The disk of the sandbox was mounted and is not there.');
  }
}

/**
 * Unmounts whatever is mounted there; does nothing where nothing is. A mount that something holds on to is detached: it ends
 * when that lets go, and until then a new mount of the same image shares its loop device. True unless that was needed.
 */
export async function unmount(mountPoint: string): Promise<boolean> {
  let isClean = true;
  for (let layer = 0; layer < MOST_LAYERS && (await readMountPoints()).includes(mountPoint); layer += 1) {
    // A container that starts at this moment has a copy of the mount for a while, and what it keeps alive nobody flushes.
    await runCommand('sync', ['-f', mountPoint], UNMOUNT_MS).catch(() => undefined);
    try {
      await runCommand('umount', ['-n', mountPoint], UNMOUNT_MS);
    } catch {
      if (!(await readMountPoints()).includes(mountPoint)) break;
      isClean = false;
      await runCommand('umount', ['-n', '-l', mountPoint], UNMOUNT_MS);
    }
  }
  return isClean;
}

function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const plain = bytes.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  return Buffer.from(plain, 'latin1').toString('utf8');
}
