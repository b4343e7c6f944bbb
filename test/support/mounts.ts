import { sep } from 'node:path';
import { ownNamespace } from '../../src/disks/base/mount-namespace.ts';
import { unmount } from '../../src/disks/mounts.ts';

/** The mount points below a folder. */
export async function mountsBelow(folder: string): Promise<string[]> {
  return (await ownNamespace.mountPoints()).filter((point) => point.startsWith(`${folder}${sep}`));
}

/** Unmounts everything below a folder, what a dead server left too; the last mounts first, as they may lie in others. */
export async function unmountAllBelow(folder: string): Promise<void> {
  for (const point of (await mountsBelow(folder)).reverse()) await unmount(ownNamespace, point);
}
