import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { FakeVolumes } from '../../fakes/fake-volumes.ts';
import { type FakeApp, speaking, startFakeApp } from '../../support/fake-app.ts';

let fake: FakeApp;

/** An engine as Incus of other machines, and its virtual machines, are: no folders of this machine, and nothing that builds images. */
function engineWithVolumes(): FakeEngine {
  const engine = new FakeEngine();
  const traits = { ...engine.traits, kind: 'incus', label: 'Incus', sharesHostFiles: false, canBridge: false } as const;
  return Object.assign(engine, { traits, volumes: new FakeVolumes(), builder: null });
}

beforeAll(async () => {
  const variables = { SANDBOX_BUILDS: 'true', SANDBOX_DISK_LIMIT: '200m' };
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
  ['a sandbox with volumes', 'POST', '/api/v1/sandboxes', { image: 'python:3.9', volumes: { data: size } }, IN_VOLUMES],
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
