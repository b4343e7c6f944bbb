import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { ownNamespace } from '../../../src/disks/base/mount-namespace.ts';
import { LoopDisk } from '../../../src/disks/loop-disk.ts';

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

it('a disk that goes away while it is looked at, as one that is purged, has no usage', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'clara-disk-'));
  folders.push(folder);
  const disk = new LoopDisk(ownNamespace, 2 ** 20, (error) => expect.unreachable(String(error)));
  expect(await disk.usage(folder)).toBeNull();
  expect(await disk.usage(join(folder, 'gone'))).toBeNull();
});
