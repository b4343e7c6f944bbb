import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { toSandboxId } from '../../../../src/base/sandbox-address.ts';
import { CoreEvents } from '../../../../src/observability/core-events.ts';
import { DEFAULT_LIFE } from '../../../../src/sandboxes/asked/life-policy.ts';
import { Sandbox } from '../../../../src/sandboxes/registry/sandbox.ts';
import { newRecord } from '../../../../src/sandboxes/storage/record.ts';
import { folderOfVolume, type Volume, writeVolume } from '../../../../src/sandboxes/volumes/volume-file.ts';
import { Volumes } from '../../../../src/sandboxes/volumes/volumes.ts';

const id = '0123456789abcdef0123';
const principal = { name: 'bot', userPrefix: '', maxSandboxes: null };
const address = { namespace: 'clara', id: 'ada' };
const sandboxId = toSandboxId(address);
const volume: Volume = {
  ...{ version: 1, id, name: 'shared', createdBy: 'bot', createdAtMs: 1, sizeBytes: 2 ** 25 },
  ...{ sandboxId: null, mountPath: '/data' },
};

let dataDir = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-volumes-'));
});
afterEach(async () => {
  await rm(dataDir, { recursive: true });
});

type Parts = ConstructorParameters<typeof Volumes>[0];

/** Volumes of a data folder in which this one is, and no record of a sandbox that lists know. */
async function openVolumes(described: Volume, store: Partial<Parts['store']>, known: readonly Sandbox[] = []) {
  await mkdir(join(dataDir, folderOfVolume(id)));
  await writeVolume(dataDir, described);
  const volumes = new Volumes({
    config: {} as Parts['config'],
    disks: {} as Parts['disks'],
    keyDisk: {} as Parts['keyDisk'],
    clock: { wallMs: () => 1, monotonicMs: () => 1 },
    catalog: { find: async () => undefined, all: async () => [] },
    registry: { all: () => known },
    store: {
      path: dataDir,
      folderOf: (name) => join(dataDir, name),
      read: async () => null,
      removeFolder: async () => undefined,
      ...store,
    },
    onError: (error) => {
      throw error;
    },
  });
  await volumes.open();
  return volumes;
}

describe('a volume whose sandbox is in no list when the server starts', () => {
  it('stays where the record of that sandbox is there and cannot be read', async () => {
    const read = async () => {
      throw new Error('The record is damaged.');
    };
    const volumes = await openVolumes({ ...volume, sandboxId }, { read });
    expect(volumes.get(id)).toMatchObject({ sandboxId });
  });

  it('goes where there is no record', async () => {
    const removed: string[] = [];
    const removeFolder = async (name: string) => void removed.push(name);
    const volumes = await openVolumes({ ...volume, sandboxId }, { removeFolder });
    expect(volumes.get(id)).toBe(undefined);
    expect(removed).toEqual([folderOfVolume(id)]);
  });
});

describe('a volume that several sandboxes may have', () => {
  it('is not removed while a sandbox starts with it for the first time', async () => {
    const starting = new Sandbox(sandboxId, address, null, 1, new CoreEvents(() => undefined));
    const asked = { volumes: [{ id, path: '/data' }] };
    starting.record = newRecord(starting, { asked, life: DEFAULT_LIFE, createdBy: 'bot' }, 1);
    const volumes = await openVolumes(volume, {}, [starting]);
    await expect(volumes.removeShared(principal, 'shared')).rejects.toMatchObject({ kind: 'conflict' });
    expect(volumes.get(id)).toMatchObject({ name: 'shared' });
  });

  it('is nobody’s from the moment on at which its removal begins, and is back where that fails', async () => {
    const removal = createDeferred<void>();
    const volumes = await openVolumes(volume, { removeFolder: async () => await removal.promise });
    const removed = volumes.removeShared(principal, 'shared');
    await Promise.resolve();
    await Promise.resolve();
    expect(volumes.get(id)).toBe(undefined);
    removal.reject(new Error('The disk is in use.'));
    await expect(removed).rejects.toThrow('in use');
    expect(volumes.get(id)).toMatchObject({ name: 'shared' });
  });
});
