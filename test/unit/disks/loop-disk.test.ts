import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { LoopDisk } from '../../../src/disks/loop-disk.ts';
import { ownNamespace } from '../../../src/disks/mount-namespace.ts';

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

it('has no use to tell of a disk that went away while it was looked for, as a list meets one that is purged', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'clara-disk-'));
  folders.push(folder);
  const disk = new LoopDisk(ownNamespace, 2 ** 20, (error) => expect.unreachable(String(error)));
  expect(await disk.usage(folder)).toBeNull();
  expect(await disk.usage(join(folder, 'gone'))).toBeNull();
});
