import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Engine, EngineId } from '../../../../../src/engines/engine.ts';
import { specFor } from '../../../../contract/spec-for.ts';
import { Refusal } from '../../../../support/incus-machines/answers.ts';
import { FakeMembers, MEMBERS_IMAGE } from '../../../../support/incus-members/fake-members.ts';

const closers: (() => Promise<unknown>)[] = [];
let members: FakeMembers;
let engine: Engine;
let made = 0;

beforeEach(async () => {
  members = await FakeMembers.start(closers);
  engine = members.open(closers);
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Makes a sandbox with a volume, and says what it is and where. */
async function make(isSpare: boolean): Promise<{ id: EngineId; place: string; volume: string }> {
  made += 1;
  const volume = `clara-${String(made).padStart(24, '0')}`;
  await engine.volumes?.create(volume, { sizeBytes: 0, owner: { uid: 1000, gid: 1000 }, isSpare });
  return { ...(await makeOn(volume)), volume };
}

async function makeOn(volume: string): Promise<{ id: EngineId; place: string }> {
  const mounts = [{ source: { volume, folder: 'workspace' }, target: '/workspace' }];
  const id = await engine.create(specFor(MEMBERS_IMAGE, {}, { mounts }));
  return { id, place: members.database.find(id).location };
}

/** So many sandboxes of users on these members alone. */
async function fill(count: number, ...others: readonly string[]): Promise<void> {
  for (const name of ['node1', 'node2', 'node3']) if (!others.includes(name)) members.database.evacuated.add(name);
  await restart();
  for (let at = 0; at < count; at += 1) await make(false);
  members.database.evacuated.clear();
  await restart();
}

/** The next server, which asks anew who there is. */
async function restart(): Promise<void> {
  await engine.close();
  engine = members.open(closers);
  await engine.list({});
}

it('a sandbox with volumes of its own has them on its member, wherever they were made, each at its place', async () => {
  const [own, data] = [`clara-${'a'.repeat(24)}`, `clara-${'b'.repeat(24)}`];
  for (const name of [own, data])
    await engine.volumes?.create(name, { sizeBytes: 2 ** 26, owner: { uid: 1000, gid: 1000 } });
  const placesOf = (name: string) => members.database.volumes.flatMap((one) => (one.name === name ? one.location : []));
  expect([placesOf(own), placesOf(data)]).toEqual([['node1'], ['node2']]);
  const mounts = [
    { source: { volume: own, folder: 'workspace' }, target: '/workspace' },
    { source: { volume: data, folder: 'workspace' }, target: '/mnt/data' },
  ];
  const id = await engine.create(specFor(MEMBERS_IMAGE, {}, { mounts }));
  expect(members.database.find(id)).toMatchObject({ location: 'node1', volumes: [own, data] });
  expect([placesOf(own), placesOf(data)]).toEqual([['node1'], ['node1']]);
  expect([...members.database.folders]).toEqual(['/', '/mnt', '/mnt/data']);
});

it('why a sandbox cannot be made is told, also where what was made of it cannot be removed either', async () => {
  const { refused } = members.database;
  refused.set('POST files', new Refusal(500, 'no space left on device'));
  refused.set('DELETE', new Refusal(500, 'the member is leaving'));
  const volume = `clara-${'c'.repeat(24)}`;
  await engine.volumes?.create(volume, { sizeBytes: 0, owner: { uid: 1000, gid: 1000 } });
  const mounts = [{ source: { volume, folder: 'workspace' }, target: '/srv/data' }];
  const made = engine.create(specFor(MEMBERS_IMAGE, {}, { mounts }));
  await expect(made).rejects.toMatchObject({ kind: 'no_space', message: expect.stringContaining('no space left') });
});

it('of sandboxes that wait each member has its share, however many users the others have', async () => {
  await fill(10, 'node1', 'node2');
  const spares = [await make(true), await make(true), await make(true)];
  expect(spares.map(({ place }) => place).sort()).toEqual(['node1', 'node2', 'node3']);
});

it('of those that wait that is taken which is where the fewest users are, and its place is filled again', async () => {
  await fill(10, 'node1', 'node2');
  const spares = [await make(true), await make(true), await make(true)];
  const picked = engine.volumes?.pick(spares.map(({ id }) => id));
  expect(spares.find(({ id }) => id === picked)?.place).toBe('node3');
  await engine.rename(picked as EngineId, 'claimed');
  expect((await make(true)).place).toBe('node3');
});

it('a sandbox of a user goes to where the fewest are', async () => {
  await fill(4, 'node1', 'node2');
  expect((await make(false)).place).toBe('node3');
});

it('a volume that an operator has moved by hand is found where it is: the sandbox does not start and is made anew there', async () => {
  const { id, place, volume } = await make(false);
  const moved = members.database.volumes.find(({ name }) => name === volume);
  const other = place === 'node3' ? 'node2' : 'node3';
  if (moved) moved.location = other;
  await expect(engine.start(id)).rejects.toMatchObject({ kind: 'not_found' });
  await engine.remove(id);
  expect((await makeOn(volume)).place).toBe(other);
});
