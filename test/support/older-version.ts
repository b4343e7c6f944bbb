import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ownNamespace } from '../../src/disks/base/mount-namespace.ts';
import { mountImage, unmount } from '../../src/disks/mounts.ts';

const run = promisify(execFile);

/** Who owned the files of all sandboxes. */
const USER = '1000:1000';

/** Does work with the files of a sandbox that does not run, by the path of its workspace on this machine. */
export async function withFiles<T>(
  folder: string,
  isImage: boolean,
  work: (workspace: string) => Promise<T>,
): Promise<T> {
  if (!isImage) return await work(join(folder, 'workspace'));
  const mountPoint = join(folder, 'disk');
  await mountImage(ownNamespace, join(folder, 'disk.img'), mountPoint);
  try {
    return await work(join(mountPoint, 'workspace'));
  } finally {
    await unmount(ownNamespace, mountPoint);
  }
}

/** Makes the folder of a stopped sandbox what a version before users of their own left, with set-id bits on these files. */
export async function makeOlder(
  folder: string,
  isImage: boolean,
  setId: Readonly<Record<string, string>> = {},
): Promise<void> {
  await withFiles(folder, isImage, async (workspace) => {
    await run('chown', ['-R', '-h', USER, workspace, join(workspace, '..', 'packages')]);
    for (const [file, mode] of Object.entries(setId)) await run('chmod', [mode, join(workspace, file)]);
  });
  for (const name of ['uid', 'passwd', 'group']) await rm(join(folder, name));
  const record = join(folder, 'sandbox.json');
  const { uid: _, ...before } = JSON.parse(await readFile(record, 'utf8'));
  await writeFile(record, JSON.stringify(before));
}
