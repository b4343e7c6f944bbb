import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp, startNativeApp, WITH_DOCUMENTS } from '../../../support/fake-app.ts';
import { RawClient } from '../../../support/raw-client.ts';

const KEY = { 'x-api-key': API_KEY };

const NOT_FOUND = { detail: 'Not Found', error: 'Not Found' };

let plain: FakeApp;
let fake: FakeApp;

beforeAll(async () => {
  plain = await startNativeApp({}, undefined, WITH_DOCUMENTS);
});

beforeEach(() => {
  fake = plain;
  // What limits requests has forgotten them by then.
  fake.clock.nowMs += 60_000;
});

afterEach(async () => {
  if (fake !== plain) await fake.close();
});

afterAll(() => plain.close());

const ask = (method: string, url: string, headers: Readonly<Record<string, string>> = KEY, payload?: string) =>
  fake.inject({ method: method as 'GET', url, headers, ...(payload === undefined ? {} : { payload }) });

describe('the root', () => {
  const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';

  it.each([BROWSER, 'text/html', 'TEXT/HTML', 'application/json, text/html;q=0.1', 'text/html; level=1'])(
    'leads to the documents where a page is accepted: %s',
    async (accept) => {
      for (const method of ['GET', 'HEAD']) {
        const answer = await ask(method, '/', { accept });
        expect(answer.statusCode).toBe(302);
        expect(answer.headers.location).toBe('/docs');
        expect(answer.headers.vary).toMatch(/accept/i);
      }
      expect((await ask('GET', '/docs', {})).statusCode).toBe(200);
    },
  );

  it.each([undefined, '*/*', 'application/json', 'text/plain', 'text/html;q=0', 'text/htmlx', ''])(
    'is a sentence where %s is accepted',
    async (accept) => {
      const answer = await ask('GET', '/', accept === undefined ? {} : { accept });
      expect(answer.statusCode).toBe(200);
      expect(answer.json()).toEqual({ message: expect.stringMatching(/^[A-Z].*\/docs.*\.$/) });
      expect(answer.headers['content-type']).toMatch(/^application\/json/);
    },
  );

  it('needs no key, and is limited like what needs none', async () => {
    fake = await startNativeApp({ SANDBOX_RATE_LIMIT: '1' }, undefined, WITH_DOCUMENTS);
    expect((await ask('GET', '/', { 'x-api-key': 'wrong' })).statusCode).toBe(200);
    expect((await ask('GET', '/', {})).statusCode).toBe(429);
  });
});

describe('a method that an address does not take', () => {
  const WRONG = [
    ['POST', '/', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/health', 'GET, HEAD, OPTIONS'],
    ['PUT', '/info', 'GET, HEAD, OPTIONS'],
    ['PATCH', '/docs/json', 'GET, HEAD, OPTIONS'],
    ['POST', '/docs', 'GET, HEAD, OPTIONS'],
    ['POST', '/docs/static/swagger-ui.css', 'GET, HEAD, OPTIONS'],
    ['GET', '/sandbox/u', 'PATCH, DELETE, OPTIONS'],
    ['GET', '/sandbox/', 'PATCH, DELETE, OPTIONS'],
    ['POST', '/sandbox/a%2Fb', 'PATCH, DELETE, OPTIONS'],
    ['GET', '/sandbox/u/destroy', 'DELETE, OPTIONS'],
    ['GET', '/sandbox/u/create', 'POST, OPTIONS'],
    ['HEAD', '/sandbox/u/create', 'POST, OPTIONS'],
    ['POST', '/sandbox/u/status', 'GET, HEAD, OPTIONS'],
    ['GET', '/sandbox/u/execute?code=1', 'POST, OPTIONS'],
    ['PUT', '/sandbox/u/file?path=a', 'GET, HEAD, POST, DELETE, OPTIONS'],
    ['PATCH', '/sandbox/%C3%BC/file', 'GET, HEAD, POST, DELETE, OPTIONS'],
    ['POST', '/sandbox/u/raw?path=a', 'GET, HEAD, PUT, OPTIONS'],
    ['DELETE', '/sandbox/u/archive?path=a', 'GET, HEAD, PUT, OPTIONS'],
    ['TRACE', '/sandbox/u/pip/list', 'GET, HEAD, OPTIONS'],
    ['GET', '/sandbox/u/pip/install', 'POST, OPTIONS'],
    ['PROPFIND', '/info', 'GET, HEAD, OPTIONS'],
    ['PURGE', '/sandbox/u/unzip', 'POST, OPTIONS'],
    ['DELETE', '/%69nfo', 'GET, HEAD, OPTIONS'],
  ] as const;

  it.each(WRONG)('%s %s is a 405 that says which it takes', async (method, url, allow) => {
    const answer = await ask(method, url);
    expect(answer.statusCode).toBe(405);
    expect(String(answer.headers.allow).split(', ').sort()).toEqual(allow.split(', ').sort());
    if (method === 'HEAD') return;
    expect(answer.json()).toEqual({
      error: expect.stringMatching(new RegExp(`^This address takes .*, not ${method}\\.$`)),
    });
  });

  it('is said before its body is looked at, and without the key, and nothing is done', async () => {
    for (const headers of [
      {},
      { 'x-api-key': 'wrong' },
      { ...KEY, 'content-type': 'text/plain' },
      { ...KEY, 'content-type': 'application/json' },
      { ...KEY, 'content-type': 'application/json', 'content-encoding': 'gzip' },
    ]) {
      const answer = await ask('PUT', '/sandbox/u/execute', headers, '{"code": ');
      expect(answer.statusCode).toBe(405);
    }
    expect(fake.engine.sandboxes.size).toBe(0);
  });

  it('is limited like what needs no key', async () => {
    fake = await startNativeApp({ SANDBOX_RATE_LIMIT: '1' }, undefined, WITH_DOCUMENTS);
    expect((await ask('POST', '/health', {})).statusCode).toBe(405);
    expect((await ask('POST', '/health', {})).statusCode).toBe(429);
  });
});

describe('an address that is none', () => {
  it.each(['/nothing', '/sandbox/u/', '/sandbox/u/nothing', '/info/', '/docs/no', '/INFO'])(
    '%s is a 404 with every method, whatever its body is',
    async (url) => {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
        for (const type of ['text/plain', 'application/json', 'application/json; charset=utf-16', 'nonsense']) {
          const isBare = method === 'GET' || method === 'OPTIONS';
          const headers = { ...KEY, ...(isBare ? {} : { 'content-type': type }) };
          const answer = await ask(method, url, headers, isBare ? undefined : '{"code": ');
          expect(answer.statusCode, `${method} ${type}`).toBe(404);
          expect(answer.json()).toEqual(NOT_FOUND);
        }
      }
      const head = await ask('HEAD', url);
      expect([head.statusCode, head.body]).toEqual([404, '']);
    },
  );
});

describe('OPTIONS', () => {
  it.each([[{}], [{ SANDBOX_CORS_ORIGINS: 'https://app.example.org' }]])(
    'says which methods an address takes, without the key: %j',
    async (variables) => {
      fake = await startNativeApp(variables);
      for (const [url, allow] of [
        ['/sandbox/u/raw?path=a', 'GET, HEAD, OPTIONS, PUT'],
        ['/health', 'GET, HEAD, OPTIONS'],
      ]) {
        for (const headers of [{}, { origin: 'https://app.example.org' }]) {
          const answer = await ask('OPTIONS', url ?? '', headers);
          expect(answer.statusCode).toBe(204);
          expect(String(answer.headers.allow).split(', ').sort().join(', ')).toBe(allow);
          expect(answer.body).toBe('');
        }
      }
      expect((await ask('OPTIONS', '/nothing', {})).json()).toEqual(NOT_FOUND);
    },
  );

  it('from a page of a permitted origin is a preflight still', async () => {
    fake = await startNativeApp({ SANDBOX_CORS_ORIGINS: 'https://app.example.org' });
    const answer = await ask('OPTIONS', '/sandbox/u/execute', {
      origin: 'https://app.example.org',
      'access-control-request-method': 'POST',
    });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example.org');
    expect(answer.headers['access-control-allow-methods']).toMatch(/POST.*PATCH/);
    expect(answer.headers['access-control-max-age']).toBe('7200');
    const page = await ask('GET', '/health', { origin: 'https://app.example.org' });
    expect(page.headers['access-control-expose-headers']).toMatch(/X-Next-Token/);
  });

  it('for the server as a whole is answered', async () => {
    fake = await startNativeApp({}, undefined, WITH_DOCUMENTS);
    await fake.app.listen({ host: '127.0.0.1', port: 0 });
    const client = await RawClient.open((fake.app.server.address() as AddressInfo).port);
    client.send('OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await client.end()).toMatch(
      /^HTTP\/1\.1 204 .*\r\n(?:.*\r\n)*allow: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n/i,
    );
  });
});

describe('HEAD', () => {
  it('is what GET is, without a body, on every address that takes GET', async () => {
    fake = await startNativeApp({}, undefined, WITH_DOCUMENTS);
    await fake.call('POST', '/sandbox/u/file', { path: '/workspace/a/b.txt', content: 'text' });
    for (const url of [
      '/',
      '/health',
      '/info',
      '/docs',
      '/docs/json',
      '/sandbox/u/status',
      '/sandbox/u/pip/list',
      '/sandbox/u/files',
      '/sandbox/u/file?path=a/b.txt',
      '/sandbox/u/file?path=none',
      '/sandbox/u/raw?path=a/b.txt',
      '/sandbox/u/raw?path=none',
      '/sandbox/u/archive?path=a/b.txt',
      '/sandbox/u/archive?path=none',
      '/sandbox/nobody/status',
    ]) {
      const [get, head] = [await ask('GET', url), await ask('HEAD', url)];
      expect(head.statusCode, url).toBe(get.statusCode);
      expect(head.body, url).toBe('');
      for (const name of ['content-type', 'content-disposition', 'etag']) {
        expect(head.headers[name], `${name} of ${url}`).toBe(get.headers[name]);
      }
    }
  });
});
