import { afterEach, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp, startFakeApp } from '../../../support/fake-app.ts';
import { keyEntry } from '../../../support/key-entry.ts';

const [MINE, OTHER, BOUND] = ['the key of mine', 'the key of another', 'the key with a prefix'];

const KEYS = [
  keyEntry('mine', MINE, ';sandboxes=2'),
  keyEntry('other', OTHER),
  keyEntry('bound', BOUND, ';prefix=team-'),
];

let fake: FakeApp;

afterEach(() => fake.close());

async function start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
  fake = await startFakeApp({ SANDBOX_API_KEYS: KEYS.join(','), ...variables });
}

async function as(key: string, method: 'GET' | 'POST' | 'DELETE', url: string, body?: object) {
  const answer = await fake.inject({ method, url, headers: { 'x-api-key': key }, ...(body ? { payload: body } : {}) });
  return { status: answer.statusCode, body: answer.json() };
}

async function make(key: string): Promise<string> {
  const made = await as(key, 'POST', '/sandboxes', { metadata: { whose: 'mine' } });
  expect(made.status).toBe(200);
  return made.body.sandbox_id;
}

describe('whose a K2 sandbox is', () => {
  it('is the key’s that made it: for every other, the master key too, it is not there', async () => {
    await start();
    const id = await make(MINE);
    for (const key of [OTHER, BOUND, API_KEY]) {
      for (const [method, url, body] of [
        ['GET', `/sandboxes/${id}`, undefined],
        ['DELETE', `/sandboxes/${id}`, undefined],
        ['POST', `/sandboxes/${id}/actions`, { action: 'stop' }],
        ['POST', `/sandboxes/${id}/actions`, { action: 'kill' }],
        ['POST', `/sandboxes/${id}/actions`, { action: 'restart' }],
        ['POST', `/sandboxes/${id}/actions`, { action: 'set_timeout', timeout: 1 }],
        ['POST', `/sandboxes/${id}/actions`, { action: 'nothing' }],
        ['POST', `/sandboxes/${id}/code`, { code: 'print(1)' }],
        ['POST', `/sandboxes/${id}/command`, { command: 'true' }],
        ['POST', `/sandboxes/${id}/services/49999/execute`, { code: 'print(1)' }],
        ...['list', 'read', 'write', 'delete'].map(
          (action) => ['POST', `/sandboxes/${id}/filesystem`, { action, path: '/workspace/a', content: '1' }] as const,
        ),
      ] as const) {
        expect(await as(key, method, url, body), `${method} ${url} ${JSON.stringify(body)}`).toEqual({
          status: 404,
          body: { detail: 'Sandbox not found' },
        });
      }
      expect((await as(key, 'GET', '/sandboxes')).body).toEqual({ sandboxes: [] });
      // Nor by way of the native dialect: there an id names a user.
      expect((await as(key, 'GET', `/sandbox/${key === BOUND ? 'team-' : ''}${id}/status`)).status).toBe(404);
    }
    expect((await as(MINE, 'GET', '/sandboxes')).body.sandboxes).toMatchObject([{ sandbox_id: id, status: 'running' }]);
  });

  it('counts against the quota of its key, over all dialects, until it is deleted', async () => {
    await start();
    const id = await make(MINE);
    expect((await as(MINE, 'POST', '/sandbox/u/create')).status).toBe(200);
    const refused = await as(MINE, 'POST', '/sandboxes');
    expect(refused.status).toBe(429);
    expect(refused.body.detail).toContain('has its 2 sandboxes already');
    expect((await as(MINE, 'POST', '/sandbox/v/create')).status).toBe(429);
    await as(MINE, 'DELETE', `/sandboxes/${id}`);
    await make(MINE);
  });

  it('may be that of a key with a prefix, since ids are ours', async () => {
    await start();
    const id = await make(BOUND);
    expect(id).not.toMatch(/^team-/);
    expect((await as(BOUND, 'GET', `/sandboxes/${id}`)).status).toBe(200);
    expect((await as(BOUND, 'POST', `/sandboxes/${id}/command`, { command: 'true' })).status).toBe(200);
    expect((await as(BOUND, 'GET', '/sandbox/u/status')).status).toBe(403);
  });

  it('is shown to the operator in the list of all, who may remove it for good, and to nobody else', async () => {
    await start();
    const id = await make(MINE);
    const listed = (await as(API_KEY, 'GET', '/sandbox?all=true')).body.sandboxes;
    expect(listed).toMatchObject([{ user_id: id, created_by: 'mine', labels: { whose: 'mine' } }]);
    expect((await as(API_KEY, 'GET', '/sandbox')).body.sandboxes).toEqual([]);
    expect((await as(MINE, 'GET', '/sandbox?all=true')).status).toBe(403);
    const [{ id: listedId }] = listed;
    expect((await as(OTHER, 'DELETE', `/sandbox/${listedId}?files=true`)).body).toMatchObject({ status: 'not_found' });
    expect((await as(API_KEY, 'DELETE', `/sandbox/${listedId}?files=true`)).body).toEqual({
      status: 'deleted',
      files_preserved: false,
    });
    expect((await as(MINE, 'GET', `/sandboxes/${id}`)).status).toBe(404);
    expect((await as(MINE, 'GET', '/sandboxes')).body).toEqual({ sandboxes: [] });
  });

  it('is removed for good by the operator who names it as K2 does, where no user has that id', async () => {
    await start();
    const id = await make(MINE);
    const url = `/sandbox/${id}?files=true`;
    expect((await as(OTHER, 'DELETE', url)).body).toMatchObject({ status: 'not_found' });
    expect((await as(API_KEY, 'POST', `/sandbox/${id}/create`)).status).toBe(200);
    expect((await as(API_KEY, 'DELETE', url)).body).toMatchObject({ status: 'deleted' });
    expect((await as(MINE, 'GET', `/sandboxes/${id}`)).status).toBe(200);
    expect((await as(API_KEY, 'DELETE', url)).body).toEqual({ status: 'deleted', files_preserved: false });
    expect((await as(MINE, 'GET', `/sandboxes/${id}`)).status).toBe(404);
    expect((await as(API_KEY, 'DELETE', url)).body).toMatchObject({ status: 'not_found' });
  });

  it('is made by a create alone: what is used after it is gone is not there, and nothing comes into being', async () => {
    await start();
    const id = await make(MINE);
    await as(MINE, 'DELETE', `/sandboxes/${id}`);
    expect((await as(MINE, 'POST', `/sandboxes/${id}/command`, { command: 'true' })).status).toBe(404);
    expect((await as(MINE, 'POST', `/sandboxes/${id}/actions`, { action: 'restart' })).status).toBe(404);
    expect((await as(API_KEY, 'GET', '/sandbox?all=true&state=any')).body.sandboxes).toEqual([]);
  });

  it('has nothing left where it cannot be made', async () => {
    await start({ SANDBOX_MAX_CONTAINERS: '1' });
    const id = await make(MINE);
    expect(await as(OTHER, 'POST', '/sandboxes')).toMatchObject({
      status: 503,
      body: { detail: 'Maximum containers (1) reached' },
    });
    await as(MINE, 'DELETE', `/sandboxes/${id}`);
    fake.engine.images.absent.add('clara-sandbox:latest');
    expect((await as(MINE, 'POST', '/sandboxes')).status).toBe(404);
    expect((await as(API_KEY, 'GET', '/sandbox?all=true&state=any')).body.sandboxes).toEqual([]);
  });
});
