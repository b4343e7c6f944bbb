import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { FakeVolumes } from '../../fakes/fake-volumes.ts';
import { type FakeApp, speaking, startFakeApp } from '../../support/fake-app.ts';

let fake: FakeApp;
const volumes = new FakeVolumes();
const KEY = 'key-of-the-team';

/** An engine as Incus of other machines, and its virtual machines, are: no folders of this machine, and nothing that builds images. */
function engineWithVolumes(): FakeEngine {
  const engine = new FakeEngine();
  const traits = { ...engine.traits, kind: 'incus', label: 'Incus', sharesHostFiles: false, canBridge: false } as const;
  return Object.assign(engine, { traits, volumes, builder: null });
}

beforeAll(async () => {
  const hash = createHash('sha256').update(KEY).digest('hex');
  const keys = { SANDBOX_API_KEYS: `team:sha256:${hash};disk=100m` };
  const variables = { SANDBOX_BUILDS: 'true', SANDBOX_DISK_LIMIT: '200m', ...keys };
  fake = await startFakeApp(variables, engineWithVolumes(), {
    ...speaking('manager'),
    wait: async () => undefined,
  });
  expect((await fake.call('POST', '/sandbox/u/create')).statusCode).toBe(200);
});

afterAll(() => fake.close());

const IN_VOLUMES = 'in volumes of its engine';
const size = { size: '64m' };

it.each([
  ['a secret', 'PUT', '/sandbox/u/secrets/TOKEN', { value: 'a-b-c', hosts: ['api.example.org'] }, 'no certificate'],
  [
    'a sandbox with a volume for many',
    'POST',
    '/api/v1/sandboxes',
    { image: 'python:3.9', volumes: { data: { ...size, network: true } } },
    IN_VOLUMES,
  ],
  ['a volume for many', 'POST', '/api/v1/volumes/network', { name: 'data', ...size }, IN_VOLUMES],
  [
    'a build',
    'POST',
    '/api/v1/sandboxes',
    { image: 'mine:1', force_build: true, build_context: { context_path: '/workspace' } },
    'builds no images',
  ],
] as const)('%s is 501, with a sentence that says why', async (_what, method, url, body, word) => {
  const answer = await fake.call(method, url, body);
  expect([answer.statusCode, answer.json()]).toEqual([501, expect.anything()]);
  const { error, detail = error } = answer.json();
  expect(detail).toContain(word);
  expect(detail).not.toContain('log');
});

it('a sandbox with volumes of its own has each in a volume of the engine, which goes with it', async () => {
  const before = new Set(volumes.all.keys());
  const body = { image: 'python:3.9', volumes: { data: size, more: { size: '32m', mount_path: '/srv/more' } } };
  const made = await fake.call('POST', '/api/v1/sandboxes', body);
  expect(made.statusCode).toBe(200);
  const added = [...volumes.all].filter(([name]) => !before.has(name));
  expect(added.map(([, { sizeBytes }]) => sizeBytes / 2 ** 20).sort()).toEqual([200, 32, 64]);
  const spec = [...fake.engine.sandboxes.values()].at(-1)?.spec;
  const nameOf = (sizeMib: number) => added.find(([, { sizeBytes }]) => sizeBytes === sizeMib * 2 ** 20)?.[0];
  expect(spec?.mounts).toEqual(
    expect.arrayContaining([
      { source: { volume: nameOf(64), folder: 'workspace' }, target: '/mnt/data' },
      { source: { volume: nameOf(32), folder: 'workspace' }, target: '/srv/more' },
    ]),
  );
  const { container_id: id } = made.json();
  expect((await fake.call('DELETE', `/api/v1/sandboxes/${id}`)).statusCode).toBe(200);
  expect(new Set(volumes.all.keys())).toEqual(before);
});

it('volumes count with their whole size against the disk of a key, before any of them is made', async () => {
  const before = new Set(volumes.all.keys());
  const asTeam = { url: '/api/v1/sandboxes', headers: { 'x-api-key': KEY } };
  const create = async (...sizes: readonly string[]) => {
    const wanted = Object.fromEntries(sizes.map((each, at) => [`data-${at}`, { size: each }]));
    return await fake.inject({ ...asTeam, method: 'POST', payload: { image: 'python:3.9', volumes: wanted } });
  };
  for (const sizes of [['128m'], ['40m', '40m', '40m']]) {
    const refused = await create(...sizes);
    expect([refused.statusCode, refused.json().detail]).toEqual([507, expect.stringMatching(/key team .* 100 MiB/)]);
    expect(new Set(volumes.all.keys())).toEqual(before);
  }
  const made = await create('40m', '40m');
  expect(made.statusCode).toBe(200);
  expect((await create('40m')).statusCode).toBe(507);
  const url = `${asTeam.url}/${made.json().container_id}`;
  expect((await fake.inject({ ...asTeam, method: 'DELETE', url })).statusCode).toBe(200);
  expect((await create('40m', '40m')).statusCode).toBe(200);
});
