import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SandboxError } from '../../base/errors.ts';
import { CommandFailure, runCommand } from '../base/command.ts';
import type { ImageFile } from '../base/disk.ts';
import { checkImage } from '../base/image.ts';
import type { MountNamespace } from '../base/mount-namespace.ts';
import { syncPath } from '../base/sync.ts';
import { explainFailure } from './failure.ts';

/**
 * Copies an image to which nobody writes within the deadline: its blocks are shared where the file system can, else only what holds data
 * is copied. Throws `no_space` or `unavailable`, and leaves no copy then.
 */
export async function copyImage(
  space: MountNamespace,
  from: ImageFile,
  to: ImageFile,
  deadlineMs: number,
): Promise<void> {
  const target = space.reach(pathOf(to));
  await rm(target, { force: true });
  try {
    // This process's own program: that of another file system may know neither option.
    const options = ['--reflink=auto', '--sparse=auto', '--'];
    await runCommand('cp', [...options, space.reach(pathOf(from)), target], Math.max(1, Math.ceil(deadlineMs)));
  } catch (cause) {
    await rm(target, { force: true });
    throw await explainFailure(dirname(target), cause);
  }
}

/** Makes a copy fit to be mounted, as after a crash, and brings it to the disk; throws `unavailable` where it is beyond repair. */
export async function settleImage(space: MountNamespace, image: ImageFile): Promise<void> {
  try {
    await checkImage(space, pathOf(image), true);
  } catch (cause) {
    if (!(cause instanceof CommandFailure)) throw cause;
    const sentence = 'The copy of the disk is not in order, so it was given up; the operator must look at the log.';
    throw new SandboxError('unavailable', sentence, { cause });
  }
  await syncPath(space.reach(pathOf(image)));
}

function pathOf({ folder, file }: ImageFile): string {
  return join(folder, file);
}
