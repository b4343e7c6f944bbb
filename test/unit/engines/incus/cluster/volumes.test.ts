import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../../../../src/engines/engine.ts';
import type { EngineVolumes } from '../../../../../src/engines/engine-volumes.ts';
import { createIncusCluster } from '../../../../../src/engines/incus/cluster/cluster-engine.ts';
import { CONTAINERS } from '../../../../../src/engines/incus/cluster/container-shape.ts';
import { FakeCluster } from '../../../../fakes/fake-cluster.ts';

const VOLUME = `clara-${'2'.repeat(24)}`;
const MIB = 2 ** 20;

const OWNER = { uid: 1000, gid: 1000 };

let folder: string;
let cluster: FakeCluster;
let engine: Engine;
let volumes: EngineVolumes;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-volumes-'));
  cluster = await FakeCluster.form(['node1', 'node2']);
  const way = { urls: [cluster.urlOf('node1')], folder: join(folder, 'incus'), token: cluster.token() };
  engine = createIncusCluster({ ...way, project: 'p', pool: 'pool', shape: CONTAINERS });
  if (!engine.volumes) throw new Error('A cluster has volumes.');
  volumes = engine.volumes;
});
afterEach(async () => {
  await engine.close();
  await cluster.close();
  await rm(folder, { recursive: true });
});

describe('a volume of a member', () => {
  it.each([
    ['grows to a larger size', 200 * MIB, '268435456B', 1],
    ['stays where it has as much', 256 * MIB, '268435456B', 0],
    ['stays where it has more', 300 * MIB, '314572800B', 0],
    ['stays where it has no limit', 0, undefined, 0],
  ])('%s', async (_what, sizeBytes, size, patches) => {
    await volumes.create(VOLUME, { sizeBytes, owner: OWNER });
    expect(await volumes.grow(VOLUME, 256 * MIB)).toBe(true);
    expect(cluster.volumes).toMatchObject([{ name: VOLUME, location: 'node1' }]);
    expect(cluster.volumes[0]?.config.size).toBe(size);
    expect(cluster.changes.filter((change) => change.startsWith('PATCH'))).toHaveLength(patches);
  });

  it('that is gone does not grow, and is not made', async () => {
    expect(await volumes.grow(VOLUME, 256 * MIB)).toBe(false);
    expect(cluster.volumes).toEqual([]);
  });
});

describe('a member whose pool is almost full', () => {
  const GIB = 2 ** 30;
  const create = async () => await volumes.create(VOLUME, { sizeBytes: 0, owner: OWNER });

  it('takes no new sandbox, though it has the fewest', async () => {
    cluster.usedBytes.set('node1', 99.9 * GIB);
    await create();
    expect(cluster.volumes).toMatchObject([{ location: 'node2' }]);
  });

  it('is like the others where all are: none is made', async () => {
    for (const name of ['node1', 'node2']) cluster.usedBytes.set(name, 99.9 * GIB);
    await expect(create()).rejects.toMatchObject({
      kind: 'no_space',
      message: expect.stringContaining('storage pools'),
    });
    expect(cluster.volumes).toEqual([]);
  });

  it('is not one that does not say how full it is', async () => {
    cluster.usedBytes.set('node1', Number.NaN);
    await create();
    expect(cluster.volumes).toMatchObject([{ location: 'node1' }]);
  });
});
