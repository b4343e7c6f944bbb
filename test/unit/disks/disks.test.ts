import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/config.ts';
import { Disks } from '../../../src/disks/disks.ts';
import type { EngineVolumes } from '../../../src/engines/engine-volumes.ts';
import { FakeVolumes } from '../../fakes/fake-volumes.ts';

const OWNER = { uid: 1000, gid: 1000 };
const OTHERS = { kind: 'unavailable', message: expect.stringContaining('in a volume of another engine') };

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-disks-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

async function openDisks(volumes: EngineVolumes | null, limit = '128m'): Promise<Disks> {
  const config = parseConfig({
    SANDBOX_API_KEY: 'key-for-these-tests',
    SANDBOX_DATA_DIR: dataDir,
    SANDBOX_DISK_MECHANISM: 'measure',
    SANDBOX_DISK_LIMIT: limit,
  });
  const raise = (error: unknown) => {
    throw error;
  };
  const disks = new Disks({ config, volumes, logger: pino({ level: 'silent' }), onError: raise });
  await disks.open();
  await disks.watchRoom(['instance', 'place']);
  return disks;
}

describe('files in a volume of an engine', () => {
  let volumes: FakeVolumes;
  beforeEach(async () => {
    volumes = new FakeVolumes();
    await mkdir(join(dataDir, 'u'));
    await (await openDisks(volumes)).openDisk('u', OWNER);
  });

  it('are not replaced by an empty disk where another engine has no volumes', async () => {
    const disks = await openDisks(null);
    await expect(disks.openDisk('u', OWNER)).rejects.toMatchObject(OTHERS);
    await expect(disks.usage('u')).rejects.toMatchObject(OTHERS);
    expect(await readdir(join(dataDir, 'u'))).toEqual(['volume.json']);
    expect(await disks.hasFiles('u')).toBe(true);
  });

  it.each([
    ['grow with the limit', '256m', 256],
    ['stay as they are where the limit is lower', '64m', 128],
    ['stay as they are where there is no limit', '0', 128],
  ])('%s', async (_what, limit, expectedMib) => {
    await (await openDisks(volumes, limit)).openDisk('u', OWNER);
    expect([...volumes.all.values()]).toMatchObject([{ sizeBytes: expectedMib * 2 ** 20 }]);
  });

  it('are removed by the engine that has them, and by no other', async () => {
    await expect((await openDisks(null)).removeDisk('u')).rejects.toMatchObject(OTHERS);
    expect(volumes.all.size).toBe(1);
    await (await openDisks(volumes)).removeDisk('u');
    expect(volumes.all.size).toBe(0);
  });
});

it('a volume that the server keeps itself is a disk of this machine, and removed where engines have volumes too', async () => {
  const name = `volume-${'0'.repeat(20)}`;
  await mkdir(join(dataDir, name));
  const described = { version: 1, id: '0'.repeat(20), name: 'data', createdBy: 'key', createdAtMs: 0 };
  const placed = { sizeBytes: 2 ** 25, sandboxId: null, mountPath: '/data' };
  await writeFile(join(dataDir, name, 'volume.json'), JSON.stringify({ ...described, ...placed }));
  const disks = await openDisks(null);
  expect(await disks.openDisk(name, OWNER)).toMatchObject({ workspace: expect.stringContaining(name) });
  await disks.removeDisk(name);
  await (await openDisks(new FakeVolumes())).removeDisk(name);
});
