import { afterEach, describe, expect, it } from 'vitest';
import { type FakeApp, startFakeApp, WITH_DOCUMENTS } from '../../support/fake-app.ts';
import { keyEntry } from '../../support/key-entry.ts';
import { toyDialect } from '../../support/toy-dialect.ts';

const OTHER_KEY = 'the key of somebody else';
const OTHER_ENTRY = keyEntry('other', OTHER_KEY);

let fake: FakeApp;

async function start(): Promise<void> {
  fake = await startFakeApp({ SANDBOX_API_KEYS: OTHER_ENTRY }, undefined, {
    ...WITH_DOCUMENTS,
    dialects: (own) => [...own, toyDialect()],
  });
}

const asOther = (method: 'GET' | 'POST', url: string) =>
  fake.inject({ method, url, headers: { 'x-api-key': OTHER_KEY } });

afterEach(async () => {
  await fake.close();
});

describe('a dialect that only its own file knows', () => {
  it('works beside the server’s own: routes, errors in its words, the key, the OpenAPI document', async () => {
    await start();
    expect((await fake.call('POST', '/toy/1')).body).toBe('running');
    expect((await fake.call('GET', '/toy/1')).body).toBe('running');
    expect((await fake.call('GET', '/toy/2')).json()).toEqual({ oops: 'Sandbox not found', status: 404 });
    expect((await fake.inject({ url: '/toy/1', headers: { 'x-api-key': 'wrong' } })).json()).toEqual({
      oops: 'Invalid API key',
      status: 401,
    });
    const { tags, paths } = (await fake.inject({ url: '/docs/toy.json' })).json();
    expect(tags).toContainEqual({ name: 'boxes', description: 'Boxes of the toy' });
    expect(Object.keys(paths).sort()).toEqual(['/toy/{box}', '/toy/{box}/run', '/toys']);
    expect((await fake.call('GET', '/sandbox/1/status')).json()).toEqual({ error: 'Sandbox not found' });
  });

  it('has sandboxes that belong to the principal that made them: for another they are not there', async () => {
    await start();
    await fake.call('POST', '/toy/mine');
    for (const [method, url] of [
      ['GET', '/toy/mine'],
      ['POST', '/toy/mine'],
      ['POST', '/toy/mine/run'],
    ] as const) {
      expect((await asOther(method, url)).json()).toEqual({ oops: 'Sandbox not found', status: 404 });
    }
    expect((await asOther('GET', '/toys')).json()).toEqual({ ids: [], next: null });
    expect((await fake.call('GET', '/toys')).json()).toEqual({ ids: ['mine'], next: null });
  });

  it('lists page by page what was made before this server too, without reading a file again', async () => {
    await start();
    for (const box of ['a', 'b', 'c']) await fake.call('POST', `/toy/${box}`);
    const { ids, next } = (await fake.call('GET', '/toys')).json();
    expect(ids).toHaveLength(2);
    expect(next).toMatch(/^[abc]-[0-9a-f]{20}$/);
  });
});
