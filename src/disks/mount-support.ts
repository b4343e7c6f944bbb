import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, isSandboxError } from '../base/errors.ts';
import { MOUNT_FOLDER } from './base/layout.ts';
import { type MountNamespace, ownNamespace } from './base/mount-namespace.ts';
import { isProbeFolder, makeProbeFolder } from './base/probe-folder.ts';
import { LoopDisk } from './loop-disk.ts';
import { invisibleReason } from './mount-visibility.ts';
import { unmount } from './mounts.ts';

const PROBE_BYTES = 32 * 2 ** 20;

/** Why this process cannot mount images for the engine, as the end of a sentence; null where it can, which is tried out. */
export async function whyNotMount(dataDir: string): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'the server does not run as root';
  return (await invisibleReason()) ?? (await whyRefused(ownNamespace, dataDir));
}

/** Why no image can be made and mounted in this namespace, which is tried out where the disk has room for that; as above. */
export async function whyRefused(space: MountNamespace, dataDir: string): Promise<string | null> {
  try {
    await smokeTest(space, dataDir);
    return null;
  } catch (error) {
    if (isFull(error)) return null;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return `this machine refuses it (${cause instanceof Error ? cause.message : String(cause)})`;
  }
}

/** Then it was possible before, or nobody could have filled it. */
function isFull(error: unknown): boolean {
  return isSandboxError(error, 'no_space') || hasCode(error, 'ENOSPC');
}

async function smokeTest(space: MountNamespace, dataDir: string): Promise<void> {
  for (const name of await readdir(space.reach(dataDir))) {
    if (isProbeFolder(name)) await removeProbe(space, join(dataDir, name));
  }
  const folder = join(dataDir, await makeProbeFolder(space.reach(dataDir)));
  try {
    await mkdir(space.reach(join(folder, MOUNT_FOLDER)));
    await new LoopDisk(space, PROBE_BYTES, () => undefined).open(folder, { uid: 0, gid: 0 });
  } finally {
    await removeProbe(space, folder);
  }
}

async function removeProbe(space: MountNamespace, folder: string): Promise<void> {
  await unmount(space, join(folder, MOUNT_FOLDER));
  await rm(space.reach(folder), { recursive: true, force: true });
}
