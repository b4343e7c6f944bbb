import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionLimits } from '../../../src/http/limits/connection-limits.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { API_KEY, type FakeApp, startNativeApp, WITH_DOCUMENTS } from '../../support/fake-app.ts';
import { RawClient } from '../../support/raw-client.ts';

const KEY = `X-API-Key: ${API_KEY}\r\n`;

let fake: FakeApp;
let port: number;
const clients: RawClient[] = [];

async function close(): Promise<void> {
  for (const client of clients.splice(0)) client.leave();
  await fake.close();
}

async function listen(
  connectionLimits: Partial<ConnectionLimits> = {},
  variables: Readonly<Record<string, string>> = {},
  engine = new FakeEngine(),
): Promise<void> {
  fake = await startNativeApp(variables, engine, { ...WITH_DOCUMENTS, connectionLimits });
  await fake.app.listen({ host: '127.0.0.1', port: 0 });
  port = (fake.app.server.address() as AddressInfo).port;
}

async function open(): Promise<RawClient> {
  const client = await RawClient.open(port);
  clients.push(client);
  return client;
}

/** Sends this on a connection of its own and hears all until the server ends it. */
async function say(text: string): Promise<string> {
  const client = await open();
  client.send(text);
  return await client.end();
}

function bodyOf(answer: string): unknown {
  return JSON.parse(answer.slice(answer.lastIndexOf('\r\n\r\n')));
}

const post = (path: string, headers: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\n${headers}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe('what is hardly HTTP', () => {
  beforeAll(() => listen());
  afterAll(close);

  it.each([
    [
      'both a length and chunks',
      `POST /sandbox/u/execute HTTP/1.1\r\nHost: x\r\n${KEY}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'two lengths',
      `POST /sandbox/u/execute HTTP/1.1\r\nHost: x\r\n${KEY}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd`,
      400,
    ],
    ['a negative length', `POST /sandbox/u/execute HTTP/1.1\r\nHost: x\r\n${KEY}Content-Length: -1\r\n\r\n`, 400],
    ['an unknown expectation', `GET /info HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n${KEY}\r\n`, 417],
    ['no host', `GET /info HTTP/1.1\r\n${KEY}\r\n`, 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['a header of 20 KiB', `GET /info HTTP/1.1\r\nHost: x\r\n${KEY}X-Large: ${'x'.repeat(20_480)}\r\n\r\n`, 431],
    ['a URL of 20 KiB', `GET /sandbox/${'x'.repeat(20_480)}/status HTTP/1.1\r\nHost: x\r\n${KEY}\r\n`, 431],
    ['a bare line feed in a header', `GET /info HTTP/1.1\r\nHost: x\r\nX-A: a\nX-API-Key : b\r\n\r\n`, 400],
  ])('with %s is refused, and its connection ended', async (_name, text, status) => {
    const answer = await say(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).not.toContain(API_KEY);
    expect(bodyOf(answer)).toEqual({ error: expect.stringMatching(/^[A-Z].* .*\.$/) });
  });

  it('needs no host in HTTP/1.0', async () => {
    expect(await say(`GET /info HTTP/1.0\r\n${KEY}\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('answers pipelined requests in their order, each by its own key', async () => {
    const more = 'Host: x\r\n';
    const answer = await say(
      `GET /info HTTP/1.1\r\n${more}${KEY}\r\nGET /info HTTP/1.1\r\n${more}\r\nGET /nothing HTTP/1.1\r\n${more}Connection: close\r\n\r\n`,
    );
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '401', '404']);
  });

  it('takes a key that comes twice for a wrong one', async () => {
    const answer = await say(`GET /info HTTP/1.1\r\nHost: x\r\n${KEY}${KEY}Connection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('invites a body that asks first, and reads it', async () => {
    const client = await open();
    const body = '{"code": "print(1)"}';
    client.send(
      post('/sandbox/u/execute', `${KEY}Expect: 100-continue\r\nConnection: close\r\n`, body).slice(0, -body.length),
    );
    await client.hear(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
    client.send(body);
    expect(bodyOf(await client.end())).toMatchObject({ output: '1\n' });
  });
});

describe('a hostile request', () => {
  beforeAll(() => listen());
  afterAll(close);

  const json = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
  const execute = (payload: string) =>
    fake.inject({ method: 'POST', url: '/sandbox/u/execute', headers: json, payload });

  it.each([
    ['lists', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['objects', `${'{"code":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['objects with the key __proto__', `${'{"__proto__":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['lists that never end', '['.repeat(100_000)],
  ])('of 100,000 nested %s is a 422', async (_name, payload) => {
    expect((await execute(payload)).statusCode).toBe(422);
  });

  it('with __proto__ and constructor changes nothing but its own failure', async () => {
    const response = await execute(
      '{"__proto__": {"code": "print(1)", "isAdmin": 1}, "constructor": {"prototype": {"isAdmin": 1}}}',
    );
    expect(response.statusCode).toBe(422);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect('isAdmin' in {}).toBe(false);
  });

  it('for an id of 256 characters of four bytes is served, of 257 is a 422', async () => {
    const status = async (id: string) =>
      (await fake.inject({ method: 'POST', url: `/sandbox/${encodeURIComponent(id)}/create`, headers: json }))
        .statusCode;
    expect(await status('\u{1F600}'.repeat(256))).toBe(200);
    expect(await status('x'.repeat(256))).toBe(200);
    expect(await status('x'.repeat(257))).toBe(422);
    expect(await status('\u{1F600}'.repeat(257))).toBe(422);
  });

  it.each(['/sandbox/%zz/status', '/sandbox/%/status', '/sandbox/%c3%28/status', '/%'])(
    'for %s without the key is told only that',
    async (url) => {
      const response = await fake.inject({ method: 'GET', url });
      expect([401, 404, 422]).toContain(response.statusCode);
      expect(response.json().error).toMatch(/^(Invalid API key|Not Found|The URL is not valid percent-encoding\.)$/);
    },
  );
});

describe('a large body', () => {
  beforeAll(() => listen());
  afterAll(close);

  const json = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
  const write = (payload: string) => fake.inject({ method: 'POST', url: '/sandbox/u/file', headers: json, payload });

  it('means what it would mean if it were small', async () => {
    const content = `"\\ü😀\n,[{\\"`.repeat(200_000);
    const body = JSON.stringify({ path: 'large.txt', content });
    expect((await write(`\ufeff${body}`)).json()).toMatchObject({ success: true });
    expect((await fake.call('GET', '/sandbox/u/file?path=large.txt')).json()).toMatchObject({ content });
    const polluted = `{"__proto__": {"path": "a"}, "constructor": {"prototype": {"isAdmin": 1}}, "content": ${JSON.stringify(content)}}`;
    expect((await write(polluted)).json()).toMatchObject({ detail: [{ loc: ['body', 'path'] }] });
    expect('isAdmin' in {}).toBe(false);
    expect((await write(body.slice(0, -1))).json()).toMatchObject({ error: 'The body is not valid JSON.' });
    expect((await write(' '.repeat(2 ** 21))).statusCode).toBe(422);
  });

  it.each([
    ['nested lists', '['.repeat(20_000_000) + ']'.repeat(20_000_000)],
    ['numbers', `[${'1,'.repeat(20_000_000)}1]`],
    ['objects', `[${'{"a":1},'.repeat(5_000_000)}1]`],
    ['texts', `[${'"",'.repeat(12_000_000)}1]`],
  ])('of millions of %s is a 413 that says what to do', async (_name, payload) => {
    const response = await write(payload);
    expect(response.statusCode).toBe(413);
    expect(response.json().error).toMatch(/too many values.*raw/);
  });
});

describe('a browser', () => {
  afterEach(close);

  it('is told with every answer what it may not make of it', async () => {
    await listen();
    for (const url of ['/health', '/info', '/nothing', '/docs']) {
      const { headers } = await fake.inject({ method: 'GET', url });
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['content-security-policy']).toMatch(/default-src 'none'/);
      expect(headers['content-security-policy']).toMatch(/frame-ancestors 'none'/);
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('may run the scripts of /docs, which are files of this server, and no others', async () => {
    await listen();
    const page = await fake.inject({ method: 'GET', url: '/docs' });
    expect(page.headers['content-security-policy']).toMatch(/script-src 'self'(;|$)/);
    const scripts = [...page.body.matchAll(/<script([^>]*)>([^<]*)/g)];
    expect(scripts.length).toBeGreaterThan(0);
    for (const [, attributes = '', text = ''] of scripts) {
      expect(text.trim()).toBe('');
      const source = /src="\.?\/?([^"]+)"/.exec(attributes)?.[1] ?? '';
      const script = await fake.inject({
        method: 'GET',
        url: source.startsWith('docs') ? `/${source}` : `/docs/${source}`,
      });
      expect(script.statusCode, source).toBe(200);
      expect(script.headers['content-type']).toMatch(/javascript/);
    }
  });

  it('on another page may call nothing, unless its origin is configured', async () => {
    await listen({}, { SANDBOX_CORS_ORIGINS: 'https://app.example.org, https://two.example.org' });
    const preflight = (origin: string) =>
      fake.inject({
        method: 'OPTIONS',
        url: '/sandbox/u/execute',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-api-key' },
      });
    const allowed = await preflight('https://app.example.org');
    expect(allowed.statusCode).toBe(204);
    expect(allowed.headers['access-control-allow-origin']).toBe('https://app.example.org');
    expect(allowed.headers['access-control-allow-headers']).toBe('x-api-key');
    expect(allowed.headers['access-control-allow-credentials']).toBeUndefined();
    expect((await preflight('https://evil.example.org')).headers['access-control-allow-origin']).toBeUndefined();
    const refused = await fake.inject({ method: 'GET', url: '/info', headers: { origin: 'https://two.example.org' } });
    expect(refused.statusCode).toBe(401);
    expect(refused.headers['access-control-allow-origin']).toBe('https://two.example.org');
  });
});
