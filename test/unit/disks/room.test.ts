import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type MountNamespace, ownNamespace } from '../../../src/disks/base/mount-namespace.ts';
import { shareRoom } from '../../../src/disks/room.ts';
import { RoomSharing } from '../../../src/disks/room-shares.ts';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-room-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

/** Mounts as a look at them finds them, of which the kernel tells nothing more by the time they are to be limited. */
async function leaving(name: string): Promise<MountNamespace> {
  const path = join(dataDir, name, 'disk');
  await mkdir(path, { recursive: true });
  await writeFile(join(dataDir, name, 'disk.img'), '');
  const deviceNumber = (await stat(path)).dev;
  return { ...ownNamespace, mounts: async () => [{ path, device: '/dev/loop-that-is-gone', deviceNumber }] };
}

it('passes over an image that is unmounted while it is looked at', async () => {
  const room = await shareRoom(await leaving('u'), dataDir, 0, new RoomSharing());
  expect(room.held).toEqual([]);
  expect(room.freeBytes).toBeGreaterThan(0);
});
