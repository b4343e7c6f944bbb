import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Members } from '../../../../src/engines/incus/cluster/members.ts';
import { ClusterVolumes } from '../../../../src/engines/incus/cluster/volumes.ts';
import { FakeCluster } from '../../../fakes/fake-cluster.ts';

const VOLUME = `clara-${'2'.repeat(24)}`;
const MIB = 2 ** 20;

describe('a volume of a member', () => {
  let folder: string;
  let cluster: FakeCluster;
  let members: Members;
  let volumes: ClusterVolumes;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clara-volumes-'));
    cluster = await FakeCluster.form(['node1', 'node2']);
    const way = { urls: [cluster.urlOf('node1')], folder: join(folder, 'incus'), token: cluster.token() };
    members = new Members({ ...way, project: 'p', timeoutMs: 5_000 });
    const choose = async () => await members.of('node2');
    volumes = new ClusterVolumes({ members, pool: 'pool', choose, mapsUsers: true });
  });
  afterEach(async () => {
    await members.close();
    await cluster.close();
    await rm(folder, { recursive: true });
  });

  it.each([
    ['grows to a larger size', 200 * MIB, '268435456B', 1],
    ['stays where it has as much', 256 * MIB, '268435456B', 0],
    ['stays where it has more', 300 * MIB, '314572800B', 0],
    ['stays where it has no limit', 0, undefined, 0],
  ])('%s', async (_what, sizeBytes, size, patches) => {
    await volumes.create(VOLUME, { sizeBytes, owner: { uid: 1000, gid: 1000 } });
    expect(await volumes.grow(VOLUME, 256 * MIB)).toBe(true);
    expect(cluster.volumes).toMatchObject([{ name: VOLUME, location: 'node2' }]);
    expect(cluster.volumes[0]?.config.size).toBe(size);
    expect(cluster.changes.filter((change) => change.startsWith('PATCH'))).toHaveLength(patches);
  });

  it('that is gone does not grow, and is not made', async () => {
    expect(await volumes.grow(VOLUME, 256 * MIB)).toBe(false);
    expect(cluster.volumes).toEqual([]);
  });
});
