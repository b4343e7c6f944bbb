import { access, mkdir, mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LoopDisk, MOUNT_FOLDER } from './loop-disk.ts';
import { unmount } from './mounts.ts';

const PROBE_BYTES = 32 * 2 ** 20;

const PROBE_PREFIX = 'probe-';

/** What a container leaves in its root so that programs can tell. */
const CONTAINER_MARKS = ['/.dockerenv', '/run/.containerenv'];

/** Why this process cannot mount images for the engine, as the end of a sentence; null where it can, which is tried out. */
export async function whyNotMount(dataDir: string): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'the server does not run as root';
  for (const mark of CONTAINER_MARKS) {
    if (await isThere(mark)) return 'the server runs in a container, whose mounts the engine does not see';
  }
  if (!(await isInMachinesNamespace()))
    return 'the server has a mount namespace of its own, which the engine does not see';
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
    const disk = new LoopDisk(PROBE_BYTES, { uid: 0, gid: 0 }, () => undefined);
    await disk.open(folder);
  } finally {
    await removeProbe(folder);
  }
}

async function removeProbe(folder: string): Promise<void> {
  await unmount(join(folder, MOUNT_FOLDER));
  await rm(folder, { recursive: true, force: true });
}

async function isInMachinesNamespace(): Promise<boolean> {
  try {
    return (await readlink('/proc/self/ns/mnt')) === (await readlink('/proc/1/ns/mnt'));
  } catch {
    return false;
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
