import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../base/errors.ts';
import { isAttached } from './base/image.ts';
import { HOLDER_FILE, IMAGE_FILE, MOUNT_FOLDER } from './base/layout.ts';
import type { MountNamespace } from './base/mount-namespace.ts';
import { unmount } from './mounts.ts';

/** How long the sandbox of another engine, and any container that starts meanwhile, may take to let go of its copy of a mount, in milliseconds. */
const RELEASE_MS = 10_000;
const POLL_MS = 50;

/**
 * Keeps the image in a folder for what runs its sandbox. One that another ran last is unmounted first; throws `unavailable` where that
 * still has it then, as a container keeps a copy of its mounts.
 */
export async function holdImage(
  space: MountNamespace,
  folder: string,
  holder: string,
  onError: (error: unknown) => void,
): Promise<void> {
  const file = space.reach(join(folder, HOLDER_FILE));
  const former = await readFile(file, 'utf8').catch(() => null);
  if (former === holder) return;
  if (former !== null) await release(space, folder, former);
  // A sandbox can start while the disk below is full; then the next start writes it.
  await writeFile(file, holder, { mode: 0o600 }).catch(onError);
}

async function release(space: MountNamespace, folder: string, former: string): Promise<void> {
  await unmount(space, join(folder, MOUNT_FOLDER));
  const deadlineMs = performance.now() + RELEASE_MS;
  while (await isAttached(space, join(folder, IMAGE_FILE))) {
    if (performance.now() > deadlineMs) {
      const sentence = `The sandbox's disk is still in use by ${former || 'another engine'}: stop the sandbox there first.`;
      throw new SandboxError('unavailable', sentence);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
