import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp, startNativeApp, WITH_DOCUMENTS } from '../../support/fake-app.ts';

let fake: FakeApp;

const close = () => fake.close();

const start = async (variables: Record<string, string> = {}): Promise<FakeApp> => {
  fake = await startNativeApp(variables, undefined, WITH_DOCUMENTS);
  return fake;
};
const get = (url: string, host: string, more: object = {}) =>
  fake.inject({ method: 'GET', url, headers: { host, 'x-api-key': API_KEY }, ...more });

describe('a host below the domain of previews', () => {
  afterEach(close);

  it('is known by its name in any case, and where a trusted proxy passes it on', async () => {
    await start({ SANDBOX_PREVIEW_DOMAIN: 'preview.test', SANDBOX_TRUSTED_PROXIES: '127.0.0.1' });
    expect((await get('/health', 'A.PREVIEW.test:8080')).statusCode).toBe(502);
    const headers = { host: 'api.test', 'x-forwarded-host': 'a.preview.test' };
    expect((await fake.inject({ method: 'GET', url: '/health', headers })).statusCode).toBe(502);
    const remoteAddress = '203.0.113.9';
    expect((await fake.inject({ method: 'GET', url: '/health', headers, remoteAddress })).statusCode).toBe(200);
  });

  it('is below localhost where no domain is set', async () => {
    await start();
    expect((await get('/health', '8000-aaaaaaaaaaaaaaaaaaaa.localhost:8080')).statusCode).toBe(502);
    for (const host of ['localhost:8080', '127.0.0.1:8080', 'preview.test', 'notlocalhost']) {
      expect((await get('/health', host)).statusCode).toBe(200);
    }
  });
});

describe('the settings of a port', () => {
  afterEach(close);

  it('say the least and the greatest number that a port may have', async () => {
    await start();
    const put = (port: number) => fake.call('PUT', `/sandbox/u/ports/${port}`, { visibility: 'public' });
    expect((await put(0)).json()).toMatchObject({ error: 'port must be 1 or more.' });
    expect((await put(65_536)).json()).toMatchObject({ error: 'port must be 65535 or less.' });
  });

  it('are kept while nothing listens, and make the addresses', async () => {
    await start({ SANDBOX_PREVIEW_DOMAIN: 'preview.test', SANDBOX_PUBLIC_URL: 'https://api.test' });
    expect((await fake.call('GET', '/sandbox/u/ports')).statusCode).toBe(404);
    expect((await fake.call('PUT', '/sandbox/u/ports/80', { visibility: 'public' })).statusCode).toBe(404);
    expect((await fake.call('POST', '/sandbox/u/ports/80')).statusCode).toBe(404);
  });
});

describe('a visit of a port', () => {
  afterEach(close);

  it('starts no sandbox that has ended by itself', async () => {
    await start();
    await fake.call('POST', '/sandbox/u/create');
    const [sandbox] = [...fake.engine.sandboxes.values()];
    fake.engine.kill(sandbox?.name ?? '');
    // The first one may hear that the connection was lost.
    await fake.call('GET', '/sandbox/u/ports/8000/');
    const visit = await fake.call('GET', '/sandbox/u/ports/8000/');
    expect([visit.statusCode, visit.json()]).toEqual([
      502,
      { error: 'The sandbox is stopped; it starts with the next call of its user to the API.' },
    ]);
    expect((await fake.call('GET', '/sandbox/u/status')).json()).toMatchObject({ status: 'stopped' });
  });
});

describe('a page of another origin', () => {
  afterEach(close);

  const basic = `Basic ${Buffer.from(`u:${API_KEY}`).toString('base64')}`;
  const ask = (headers: Record<string, string>) =>
    fake.inject({ method: 'GET', url: '/info', headers: { host: 'api.test', ...headers } });

  it('gets nothing of what a browser adds by itself', async () => {
    await start();
    for (const origin of ['null', 'https://evil.example', 'http://api.test:81', 'nonsense']) {
      expect((await ask({ authorization: basic, origin })).statusCode).toBe(403);
      expect((await ask({ 'x-api-key': API_KEY, cookie: 'a=b', origin })).statusCode).toBe(403);
      expect((await ask({ 'x-api-key': API_KEY, origin })).statusCode).toBe(200);
    }
    expect((await ask({ authorization: basic })).statusCode).toBe(200);
    expect((await ask({ authorization: basic, origin: 'https://api.test' })).statusCode).toBe(200);
  });

  it('may where its origin is permitted by its name', async () => {
    await start({ SANDBOX_CORS_ORIGINS: 'https://app.example' });
    expect((await ask({ authorization: basic, origin: 'https://app.example' })).statusCode).toBe(200);
    expect((await ask({ authorization: basic, origin: 'null' })).statusCode).toBe(403);
  });
});

describe('a certificate on demand', () => {
  afterEach(close);

  it('is for nobody but a trusted proxy that asks for itself, and for no host that nobody has opened', async () => {
    await start({ SANDBOX_PREVIEW_DOMAIN: 'preview.test', SANDBOX_TRUSTED_PROXIES: '10.0.0.1' });
    const url = '/internal/tls-allowed?domain=80-aaaaaaaaaaaaaaaaaaaa.preview.test';
    for (const remoteAddress of ['10.0.0.1', '10.0.0.2']) {
      expect((await fake.inject({ method: 'GET', url, remoteAddress })).statusCode).toBe(404);
    }
  });
});

describe('settings of a port that are wrong', () => {
  beforeAll(async () => {
    await start();
  });
  afterAll(close);

  it.each([
    ['PUT', '/sandbox/u/ports/80', {}, 'visibility'],
    ['PUT', '/sandbox/u/ports/80', { visibility: 'all' }, 'visibility'],
    ['PUT', '/sandbox/u/ports/80', { visibility: 'public', path_prefix: 'app' }, 'path_prefix'],
    ['PUT', '/sandbox/u/ports/80', { visibility: 'public', path_prefix: '/a?b' }, 'path_prefix'],
    ['PUT', '/sandbox/u/ports/80', { visibility: 'public', other: 1 }, 'other'],
    ['POST', '/sandbox/u/ports/80', { expires_in: 0 }, 'expires_in'],
    ['POST', '/sandbox/u/ports/80', { expires_in: 604_801 }, 'expires_in'],
    ['PUT', '/sandbox/u/ports/0', { visibility: 'public' }, 'port'],
    ['PUT', '/sandbox/u/ports/65536', { visibility: 'public' }, 'port'],
    ['GET', '/sandbox/u/ports/x', undefined, 'port'],
    ['GET', '/sandbox/u/ports?x=1', undefined, 'x'],
  ] as const)('%s %s %j names the field', async (method, url, body, field) => {
    const answer = await fake.call(method, url, body);
    expect(answer.statusCode).toBe(422);
    expect(JSON.stringify(answer.json().detail)).toContain(field);
  });
});

describe('a host of a preview that is not there', () => {
  beforeAll(async () => {
    await start({ SANDBOX_PREVIEW_DOMAIN: 'preview.test' });
  });
  afterAll(close);

  it.each([
    'a.preview.test',
    '8000-aaaaaaaaaaaaaaaaaaaa.preview.test',
    'preview.test',
    '0-x.preview.test',
    'a.b.preview.test.',
  ])('has nothing of the API: %s', async (host) => {
    for (const path of [
      '/health',
      '/info',
      '/docs',
      '/docs/json',
      '/',
      '/sandbox/u/status',
      '/internal/tls-allowed?domain=a',
    ]) {
      const { statusCode, body } = await get(path, host);
      expect([path, statusCode, body]).toEqual([path, 502, '{"error":"There is no preview of this name."}']);
    }
    for (const method of ['OPTIONS', 'POST', 'DELETE'] as const) {
      expect((await fake.inject({ method, url: '/sandbox/u', headers: { host } })).statusCode).toBe(502);
    }
  });
});
