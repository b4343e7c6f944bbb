import { access, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { toSandboxId } from '../../../../src/base/sandbox-address.ts';
import type { Disks } from '../../../../src/disks/disks.ts';
import { SandboxStore } from '../../../../src/sandboxes/storage/store.ts';

let dataDir = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-purge-'));
});
afterEach(async () => {
  await rm(dataDir, { recursive: true });
});

it('a purge succeeds once nobody owns the folder, whose removal is reported where it fails and tried again', async () => {
  const id = toSandboxId({ namespace: 'clara', id: 'ada' });
  const reported: unknown[] = [];
  let isInUse = true;
  const disks = {
    closeDisk: async (name: string) => {
      if (isInUse && name !== id) throw new Error('The disk is in use.');
    },
    removeDisk: async () => undefined,
  } as unknown as Disks;
  const users = {
    open: async () => undefined,
    prepare: async () => Promise.reject(new Error('Nobody is prepared here.')),
    moved: () => undefined,
    release: () => undefined,
  };
  const store = new SandboxStore(dataDir, disks, users, (error) => void reported.push(error));
  await mkdir(join(dataDir, id));
  await store.purge(id);
  expect(reported).toEqual([expect.objectContaining({ message: 'The disk is in use.' })]);
  await expect(access(join(dataDir, id))).rejects.toThrow('ENOENT');
  isInUse = false;
  await store.removePoolFolders();
  expect(await readdir(dataDir)).toEqual([]);
});
