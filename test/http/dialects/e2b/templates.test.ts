import { afterEach, describe, expect, it } from 'vitest';
import { hashKey } from '../../../../src/auth/api-keys.ts';
import { type FakeApp, speakingOnly, startFakeApp } from '../../../support/fake-app.ts';

const KEY = 'e2b_0123456789abcdef';
const OTHER_KEY = 'e2b_fedcba9876543210';

let fake: FakeApp;

const entry = (name: string, key: string) => `${name}:sha256:${hashKey(key).toString('hex')}`;

async function start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
  const keys = [entry('one', KEY), entry('other', OTHER_KEY)].join(',');
  fake = await startFakeApp(
    { SANDBOX_API_KEYS: keys, ...variables },
    undefined,
    speakingOnly('k2', 'e2b', 'e2b-envd', 'e2b-interpreter', 'e2b-port'),
  );
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

async function call(method: Method, url: string, body?: object, headers: Readonly<Record<string, string>> = {}) {
  return await fake.inject({
    method,
    url,
    headers: { 'x-api-key': KEY, ...headers },
    ...(body === undefined ? {} : { payload: body }),
  });
}

async function make(body: object = {}, path = '/sandboxes') {
  const answer = await call('POST', path, { templateID: 'base', timeout: 60, ...body });
  expect(answer.statusCode, answer.body).toBe(201);
  return answer.json();
}

afterEach(() => fake.close());

describe('a template', () => {
  it('is known by its names, and none is built here', async () => {
    await start();
    const { templateID } = await make({ templateID: 'code-interpreter-v1:default' });
    expect((await call('GET', '/templates/aliases/code-interpreter-v1')).json()).toEqual({ templateID, public: true });
    expect((await make({ templateID })).alias).toBe('code-interpreter-v1');
    expect((await call('GET', '/templates/aliases/nothing')).statusCode).toBe(404);
    expect((await fake.inject({ method: 'GET', url: '/e2b/health' })).statusCode).toBe(204);
    expect((await call('GET', '/v2/sandboxes?template=code-interpreter-v1')).json()).toHaveLength(2);
    expect((await call('GET', `/v2/sandboxes?template=${templateID}`)).json()).toHaveLength(2);
    expect((await call('GET', '/v2/sandboxes?template=base')).json()).toEqual([]);
    const asked = [
      ['POST', '/v3/templates'],
      ['POST', '/v2/templates/x/builds/y'],
      ['GET', '/templates/x/builds/y/status'],
      ['GET', '/volumes'],
      ['POST', '/secrets'],
    ] as const;
    for (const [method, url] of asked) {
      const answer = await call(method, url, method === 'POST' ? {} : undefined);
      expect([url, answer.statusCode, answer.json().code]).toEqual([url, 501, 501]);
    }
  });

  it('without a token is opened by its id, of which the answer warns', async () => {
    await start();
    const answer = await call('POST', '/sandboxes', { templateID: 'base', timeout: 60 });
    expect(answer.headers.warning).toMatch(/^299 - "Whoever knows the id/);
    await fake.close();
    await start({ SANDBOX_E2B_SECURE: 'always' });
    expect((await make()).envdAccessToken).toMatch(/^[0-9a-f]{64}$/);
  });
});
