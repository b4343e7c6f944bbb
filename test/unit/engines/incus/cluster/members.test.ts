import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineId } from '../../../../../src/engines/engine.ts';
import { Members } from '../../../../../src/engines/incus/cluster/members.ts';
import { Roster } from '../../../../../src/engines/incus/cluster/roster.ts';
import { ClusterVolumes } from '../../../../../src/engines/incus/cluster/volumes.ts';
import { FakeCluster } from '../../../../fakes/fake-cluster.ts';

const SANDBOX = `clara-${'1'.repeat(24)}` as EngineId;
const VOLUME = `clara-${'2'.repeat(24)}`;

describe('a member that has left the cluster for good', () => {
  let folder: string;
  let cluster: FakeCluster;
  let members: Members;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clara-members-'));
    cluster = await FakeCluster.form(['node1', 'node2']);
    const way = { urls: [cluster.urlOf('node1')], folder: join(folder, 'incus'), token: cluster.token() };
    members = new Members({ ...way, project: 'p', timeoutMs: 5_000 });
  });
  afterEach(async () => {
    await members.close();
    await cluster.close();
    await rm(folder, { recursive: true });
  });

  const names = async () => (await members.all()).map(({ name }) => name);

  it('is asked no more, and is not away', async () => {
    const [, second] = await members.all();
    await cluster.lose('node2');
    await members.refresh();
    expect(await names()).toEqual(['node1']);
    expect(await members.isAnyAway()).toBe(false);
    await expect(second?.calls.get('answer', '/')).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('takes its sandboxes and volumes with it, which can be purged then', async () => {
    const sandbox = { name: SANDBOX, location: 'node2', status: 'Running', config: { 'user.clara.name': 'one' } };
    cluster.instances.push(sandbox);
    cluster.volumes.push({ name: VOLUME, location: 'node2', config: {}, used_by: [`/1.0/instances/${SANDBOX}`] });
    const choose = async () => (await members.all())[0] as never;
    const volumes = new ClusterVolumes({ members, pool: 'pool', choose, pick: () => undefined, mapsUsers: true });
    const roster = new Roster(members, () => volumes.users());
    expect(await roster.placeOf(SANDBOX)).toBe('node2');
    await cluster.lose('node2');
    await members.refresh();
    await expect(roster.placeOf(SANDBOX)).rejects.toMatchObject({ kind: 'not_found' });
    expect(await roster.find('one')).toBeNull();
    expect(roster.countOn('node2')).toBe(0);
    await volumes.remove(VOLUME);
    expect(await volumes.has(VOLUME)).toBe(false);
  });

  it('is not taken for one that has just come, whose sandboxes are found', async () => {
    const roster = new Roster(members, async () => new Map());
    expect(await names()).toEqual(['node1', 'node2']);
    await cluster.add('node3');
    cluster.instances.push({ name: SANDBOX, location: 'node3', status: 'Running', config: {} });
    expect(await roster.placeOf(SANDBOX)).toBe('node3');
    expect(await names()).toEqual(['node1', 'node2', 'node3']);
  });
});
