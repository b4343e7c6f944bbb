import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { whyUnseen } from './engine-sight.ts';
import { LoopDisk, MOUNT_FOLDER } from './loop-disk.ts';
import { unmount } from './mounts.ts';

const PROBE_BYTES = 32 * 2 ** 20;

const PROBE_PREFIX = 'probe-';

/** Why this process cannot mount images for the engine, as the end of a sentence; null where it can, which is tried out. */
export async function whyNotMount(dataDir: string): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'the server does not run as root';
  const unseen = await whyUnseen();
  if (unseen !== null) return unseen;
  try {
    await tryOut(dataDir);
    return null;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return `this machine refuses it (${cause instanceof Error ? cause.message : String(cause)})`;
  }
}

async function tryOut(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) if (name.startsWith(PROBE_PREFIX)) await removeProbe(join(dataDir, name));
  const folder = await mkdtemp(join(dataDir, PROBE_PREFIX));
  try {
    await mkdir(join(folder, MOUNT_FOLDER));
    const disk = new LoopDisk(
      PROBE_BYTES,
      async () => ({ uid: 0, gid: 0 }),
      () => undefined,
    );
    await disk.open(folder);
  } finally {
    await removeProbe(folder);
  }
}

async function removeProbe(folder: string): Promise<void> {
  await unmount(join(folder, MOUNT_FOLDER));
  await rm(folder, { recursive: true, force: true });
}
