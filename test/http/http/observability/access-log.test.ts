import type { AddressInfo } from 'node:net';
import type { InjectOptions } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import type { AppParts } from '../../../../src/app-parts.ts';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { createLogger } from '../../../../src/base/log.ts';
import { FakeEngine } from '../../../fakes/fake-engine.ts';
import { API_KEY, type FakeApp, startNativeApp, WITH_DOCUMENTS } from '../../../support/fake-app.ts';
import { keyEntry } from '../../../support/key-entry.ts';
import { RawClient } from '../../../support/raw-client.ts';

const BOT_KEY = 'the key of the bot';
const BOT = keyEntry('bot', BOT_KEY, ';prefix=bot-');

let fake: FakeApp;
let logged: string[] = [];

afterEach(async () => {
  logged = [];
  await fake.close();
});

async function start(
  variables: Readonly<Record<string, string>> = {},
  engine = new FakeEngine(),
  parts: Partial<AppParts> = {},
): Promise<void> {
  const destination = { write: (line: string) => void logged.push(line) };
  const logger = createLogger('info', destination, variables.SANDBOX_LOG_USERS !== 'off');
  fake = await startNativeApp({ SANDBOX_API_KEYS: BOT, ...variables }, engine, { ...WITH_DOCUMENTS, logger, ...parts });
  logged = [];
}

async function listen(): Promise<number> {
  await fake.app.listen({ host: '127.0.0.1', port: 0 });
  logged = [];
  return (fake.app.server.address() as AddressInfo).port;
}

/** The lines of requests; the core has its own. */
const lines = () =>
  logged.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event === undefined);

const ask = (method: string, url: string, options: Omit<InjectOptions, 'method' | 'url'> = {}) =>
  fake.inject({ method: method as 'GET', url, headers: { 'x-api-key': API_KEY }, ...options });

describe('the log of a request', () => {
  it('is one line with who asked, from where, for whom, the route, the status and how long it took', async () => {
    await start();
    const headers = { 'x-api-key': BOT_KEY };
    const url = '/sandbox/bot-%C3%BC%3A1/file?path=secret.txt';
    await ask('POST', '/sandbox/bot-%C3%BC%3A1/file', { headers, payload: { path: 'secret.txt', content: 'hidden' } });
    await ask('GET', url, { headers, remoteAddress: '::ffff:198.51.100.7' });
    expect(lines()).toHaveLength(2);
    expect(lines()[1]).toEqual({
      level: 30,
      time: expect.any(Number),
      pid: process.pid,
      hostname: expect.any(String),
      reqId: expect.any(String),
      address: '198.51.100.7',
      key: 'bot',
      user: 'bot-ü:1',
      sandbox: expect.stringMatching(/^bot-1-[0-9a-f]{20}$/),
      method: 'GET',
      route: '/sandbox/:user_id/file',
      status: 200,
      ms: expect.any(Number),
      msg: 'answered',
    });
    expect(logged.join('')).not.toMatch(/secret|hidden|path=/);
  });

  it('names no user where SANDBOX_LOG_USERS is off, whatever is answered', async () => {
    await start({ SANDBOX_LOG_USERS: 'off' });
    await ask('POST', '/sandbox/erika-mustermann/execute', { payload: { code: 'print(1)' } });
    await ask('POST', '/sandbox/erika-mustermann/execute', { payload: {} });
    await ask('GET', '/sandbox/erika-mustermann/nothing');
    await ask('GET', '/sandbox/erika-mustermann/status', { headers: { 'x-api-key': 'wrong' } });
    await ask('GET', '/sandbox/erika-mustermann/status', { headers: { 'x-api-key': BOT_KEY } });
    fake.engine.down = true;
    await ask('POST', '/sandbox/erika-mustermann-2/execute', { payload: { code: 'print(1)' } });
    expect(lines().map(({ status }) => status)).toEqual([200, 422, 404, 401, 403, 503]);
    expect(logged.join('')).not.toMatch(/erika|mustermann/);
  });

  it('keeps an id that nobody could have short', async () => {
    await start();
    await ask('GET', `/sandbox/${'x'.repeat(9000)}/status`);
    expect(lines()[0]?.user).toBe('x'.repeat(256));
  });

  it('has the name of the key also where that is not enough', async () => {
    await start({ SANDBOX_RATE_LIMIT: '1' });
    for (const user of ['other', 'bot-1'])
      await ask('GET', `/sandbox/${user}/status`, { headers: { 'x-api-key': BOT_KEY } });
    expect(lines()).toMatchObject([
      { status: 403, key: 'bot', error: 'forbidden', user: 'other' },
      { status: 429, key: 'bot', error: 'too_many', user: 'bot-1' },
    ]);
  });
});

describe('the log of what fails', () => {
  it('is one line for each answer, with the address', async () => {
    await start({ SANDBOX_BODY_LIMIT: '1m', SANDBOX_MAX_CONTAINERS: '1' });
    const json = (payload: string, headers: Readonly<Record<string, string>> = {}): Omit<InjectOptions, 'url'> => ({
      headers: { 'x-api-key': API_KEY, 'content-type': 'application/json', ...headers },
      payload,
    });
    const execute = '/sandbox/u/execute';
    const asked: [number, string, string, Omit<InjectOptions, 'url' | 'method'>?][] = [
      [302, 'GET', '/', { headers: { accept: 'text/html' } }],
      [204, 'OPTIONS', '/info'],
      [400, 'POST', execute, { ...json('{"code": "x"}'), payload: Buffer.from([0x22, 0xff]) }],
      [401, 'GET', '/info', { headers: {} }],
      [404, 'GET', '/nothing'],
      [404, 'GET', '/sandbox/nobody/status'],
      [405, 'PUT', '/info'],
      [412, 'PUT', '/sandbox/u/raw?path=a', { headers: { 'x-api-key': API_KEY, 'if-match': '"x"' }, payload: 'x' }],
      [413, 'POST', execute, json(JSON.stringify({ code: 'x'.repeat(2 ** 21) }))],
      [415, 'POST', execute, json('x', { 'content-type': 'text/plain' })],
      [415, 'POST', execute, json('x', { 'content-encoding': 'gzip' })],
      [417, 'GET', '/info', { headers: { expect: 'tea' } }],
      [422, 'POST', execute, json('{"code": 5}')],
      [422, 'POST', execute, json('{"code": ')],
      [422, 'GET', '/sandbox/%zz/status'],
      [422, 'GET', '/sandbox/u/file?path=%zz'],
      [200, 'HEAD', '/info'],
    ];
    for (const [status, method, url, options] of asked) {
      const before = lines().length;
      const answer = await ask(method, url, { ...options, remoteAddress: '198.51.100.7' });
      expect(answer.statusCode, `${method} ${url}`).toBe(status);
      expect(lines().slice(before), `${method} ${url}`).toMatchObject([{ status, method, address: '198.51.100.7' }]);
    }
  });

  it('says at level warn why, where it is no fault of the request', async () => {
    await start();
    fake.engine.down = true;
    await ask('POST', '/sandbox/u/execute', { payload: { code: 'print(1)' } });
    expect(lines()).toMatchObject([
      { level: 40, status: 503, error: 'unavailable', reason: expect.stringMatching(/\w+ \w+/), msg: 'answered' },
    ]);
  });

  it('has at level error what nobody expected, which the client is not told', async () => {
    await start();
    fake.engine.inspect = async () => {
      throw new TypeError('an inner fault');
    };
    const answer = await ask('POST', '/sandbox/u/execute', { payload: { code: 'print(1)' } });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('inner');
    expect(lines()).toMatchObject([
      { level: 50, status: 500, error: 'internal', err: { message: 'an inner fault', stack: expect.any(String) } },
    ]);
  });

  it('is one line for what never became a request, too', async () => {
    await start({}, undefined, { connectionLimits: { headersMs: 300, bodyMs: 300, checkEveryMs: 50 } });
    const port = await listen();
    const key = `X-API-Key: ${API_KEY}\r\n`;
    for (const [status, text] of [
      [400, 'nonsense\r\n\r\n'],
      [400, `GET /info HTTP/1.1\r\nHost: a\r\nHost: b\r\n${key}\r\n`],
      [400, `GET /info HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n${key}\r\n`],
      [408, `GET /info HTTP/1.1\r\nHost: a\r\n`],
      [
        408,
        `POST /sandbox/u/execute HTTP/1.1\r\nHost: a\r\n${key}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
      ],
      [417, `GET /info HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n${key}\r\n`],
      [431, `GET /info HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
    ] as const) {
      const before = lines().length;
      const client = await RawClient.open(port);
      client.send(text);
      expect(await client.end()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      await expect.poll(() => lines().length).toBeGreaterThan(before);
      await new Promise(setImmediate);
      expect(lines().slice(before), text.slice(0, 60)).toMatchObject([{ status, address: '127.0.0.1' }]);
    }
    expect(logged.join('')).not.toContain(API_KEY);
  });

  it('says that a client has left, once, and no status', async () => {
    const engine = new FakeEngine();
    const started = createDeferred<void>();
    const finish = createDeferred<void>();
    engine.onAgent = (agent) => {
      agent.onRun = async () => {
        started.resolve();
        await finish.promise;
        return {};
      };
    };
    await start({}, engine);
    const port = await listen();
    const client = await RawClient.open(port);
    const body = '{"code": "print(1)"}';
    client.send(
      `POST /sandbox/u/execute HTTP/1.1\r\nHost: x\r\nX-API-Key: ${API_KEY}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await started.promise;
    client.leave();
    await expect.poll(() => lines().length).toBe(1);
    finish.resolve();
    await ask('GET', '/health');
    expect(lines()).toMatchObject([
      { msg: 'client left', status: null, user: 'u', address: '127.0.0.1', route: '/sandbox/:user_id/execute' },
      { status: 200 },
    ]);
  });
});

describe('the address in the log', () => {
  const PROXY = '10.9.8.7';

  it.each([
    ['what the trusted proxy says', PROXY, '203.0.113.1', '203.0.113.1'],
    ['the whole address, with IPv6', PROXY, '2001:db8::1:2:3', '2001:db8::1:2:3'],
    ['the last that is no proxy', PROXY, `1.2.3.4, 203.0.113.1, ${PROXY}`, '203.0.113.1'],
    ['the proxy where it says nothing that is one', PROXY, 'nonsense"', PROXY],
    ['the sender where that is no proxy', '198.51.100.1', '203.0.113.1', '198.51.100.1'],
    ['the sender as IPv4, where the socket shows it as IPv6', '::ffff:198.51.100.1', undefined, '198.51.100.1'],
  ])('is %s', async (_what, remoteAddress, forwarded, address) => {
    await start({ SANDBOX_TRUSTED_PROXIES: PROXY });
    const headers = { 'x-api-key': 'wrong', ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }) };
    await ask('GET', '/info', { headers, remoteAddress });
    expect(lines()).toMatchObject([
      { status: 401, address, key: null, error: 'unauthorized', msg: 'wrong key', level: 40 },
    ]);
  });
});
