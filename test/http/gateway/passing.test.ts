import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDeferred } from '../../../src/async/deferred.ts';
import { ConfigError } from '../../../src/config/config.ts';
import { startFar, stopFar, upload } from '../../support/far-server.ts';
import { BOT_KEY, entryOf, startGateway, type TestGateway } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';

let gateway: TestGateway;

afterEach(async () => {
  vi.useRealTimers();
  await gateway?.close();
  await stopFar();
});

const headers = { 'x-api-key': BOT_KEY };

describe('what a gateway passes on', () => {
  it('comes as it is sent, in both directions, before either is at its end', async () => {
    const url = await startFar((asked, reply) => {
      reply.writeHead(200, { 'x-far': 'yes' });
      asked.pipe(reply);
    });
    gateway = await startGateway(url);
    const { sent, answered } = upload(gateway.url, '/sandbox/u/raw?path=a');
    sent.write('first');
    const answer = await answered;
    expect(answer.headers['x-far']).toBe('yes');
    const chunks = answer[Symbol.asyncIterator]();
    expect(String((await chunks.next()).value)).toBe('first');
    sent.end('last');
    expect(String((await chunks.next()).value)).toBe('last');
    expect((await chunks.next()).done).toBe(true);
  });

  const types: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['no type', {}],
    ['a type', { 'content-type': 'text/plain; charset=utf-8' }],
    ['an encoding of its own', { 'content-type': 'text/plain', 'content-encoding': 'br' }],
  ];

  it.each(types)('has the headers and the bytes that it was sent with: %s', async (_name, own) => {
    const bytes = Buffer.from([0xff, 0x00, 0x7b, 0x7d]);
    const url = await startFar((_asked, reply) => {
      reply.writeHead(200, { ...own, 'content-length': bytes.length }).end(bytes);
    });
    gateway = await startGateway(url);
    const answered = once(request(`${gateway.url}/sandbox/u/raw?path=a`, { headers }).end(), 'response');
    const [answer] = (await answered) as [IncomingMessage];
    const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = answer.headers;
    expect({ type, encoding, length }).toEqual({
      type: own['content-type'],
      encoding: own['content-encoding'],
      length: String(bytes.length),
    });
    expect(await buffer(answer)).toEqual(bytes);
  });

  it('says who asks, in which dialect and where, and has the other server’s key alone', async () => {
    let seen: IncomingMessage['headers'] = {};
    const url = await startFar((asked, reply) => {
      seen = asked.headers;
      reply.end();
    });
    gateway = await startGateway(url);
    const posing = { 'x-sandbox-dialect': 'e2b', 'x-forwarded-for': '1.2.3.4', origin: gateway.url, cookie: 'a=b' };
    await fetch(`${gateway.url}/sandboxes`, { headers: { ...headers, ...posing } });
    expect(JSON.stringify(seen)).not.toContain(BOT_KEY);
    expect(seen).toMatchObject({
      host: new URL(url).host,
      'x-sandbox-principal': 'bot',
      'x-sandbox-dialect': 'by-path',
      'x-sandbox-origin': gateway.url,
      'x-forwarded-for': '127.0.0.1',
      cookie: 'a=b',
    });
    expect(seen.origin).toBeUndefined();
    await fetch(`${gateway.url}/x`, { headers: { authorization: `Basic ${btoa(`ada:${BOT_KEY}`)}` } });
    expect(atob(String(seen.authorization).slice(6))).toMatch(/^ada:key-of-the-gateway/);
    await fetch(`${gateway.url}/x`, { headers: { authorization: 'Bearer of-the-far-side' } });
    expect(seen.authorization).toBe('Bearer of-the-far-side');
    expect(seen['x-sandbox-principal']).toBeUndefined();
  });

  it('ends over there when the client leaves', async () => {
    const left = createDeferred<void>();
    const arrived = createDeferred<void>();
    const url = await startFar((asked, reply) => {
      reply.on('close', () => left.resolve());
      asked.resume();
      arrived.resolve();
    });
    gateway = await startGateway(url);
    const leaving = new AbortController();
    const asked = fetch(`${gateway.url}/sandbox/u/status`, { headers, signal: leaving.signal }).catch(() => undefined);
    await arrived.promise;
    leaving.abort();
    await left.promise;
    await asked;
  });

  it('is cut where the other server dies in the middle, which the client hears', async () => {
    const url = await startFar((_asked, reply) => {
      reply.writeHead(200);
      reply.write('half');
    });
    gateway = await startGateway(url);
    const answer = await fetch(`${gateway.url}/sandbox/u/raw`, { headers });
    const body = answer.text();
    await stopFar();
    await expect(body).rejects.toThrow();
  });
});

describe('a body of no type that there is', () => {
  it('is the other server’s to judge, which gets it as it was sent', async () => {
    let seen: string | undefined;
    const url = await startFar((asked, reply) => {
      seen = asked.headers['content-type'];
      asked.pipe(reply);
    });
    gateway = await startGateway(url);
    const sent = request(`${gateway.url}/sandbox/u/raw`, {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'no type at all', 'transfer-encoding': 'chunked' },
    });
    sent.end('bytes');
    const [answer] = await once(sent, 'response');
    expect([answer.statusCode, String(await once(answer, 'data')), seen]).toEqual([200, 'bytes', 'no type at all']);
  });
});

describe('a server that is away', () => {
  it('is a 503 with a sentence and when to come back, and heals by itself', async () => {
    const url = await startFar((_asked, reply) => reply.end('{"back":true}'));
    gateway = await startGateway(url);
    await stopFar();
    const away = await gateway.call('GET', '/sandbox/u/status');
    expect([away.statusCode, away.json()]).toEqual([503, { error: expect.stringContaining('holds the sandboxes') }]);
    expect(Number(away.headers['retry-after'])).toBeGreaterThan(0);
    expect((await gateway.call('GET', '/health', undefined, {})).json()).toMatchObject({
      status: 'unhealthy',
      docker: false,
      warnings: [expect.stringContaining('SANDBOX_API_URL')],
    });
    await startFar((_asked, reply) => reply.end('{"back":true}'), Number(new URL(url).port));
    expect((await gateway.call('GET', '/sandbox/u/status')).json()).toEqual({ back: true });
  });

  it('is waited for at the start as well', async () => {
    const url = await startFar((_asked, reply) => reply.end('{}'));
    await stopFar();
    gateway = await startGateway(url);
    expect((await gateway.call('GET', '/sandbox/u/status')).statusCode).toBe(503);
    await startFar((_asked, reply) => reply.end('{}'), Number(new URL(url).port));
    expect((await gateway.call('GET', '/sandbox/u/status')).statusCode).toBe(200);
  });

  it('may take its time for a stream, and no longer than is set for what is none', async () => {
    const arrived: ServerResponse[] = [];
    const url = await startFar((asked, reply) => {
      asked.resume();
      arrived.push(reply);
    });
    gateway = await startGateway(url, { SANDBOX_TIMEOUT: '1' });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const asking = [
      gateway.call('GET', '/never'),
      gateway.call('GET', '/late', undefined, { ...headers, accept: 'text/event-stream' }),
      gateway.call('POST', '/late', { timeout: 3 }),
    ] as const;
    await until('all have arrived', () => arrived.length === asking.length);
    await vi.advanceTimersByTimeAsync(1_500);
    const quick = await asking[0];
    for (const reply of arrived) reply.end('late');
    const [stream, run] = await Promise.all([asking[1], asking[2]]);
    expect([quick.statusCode, quick.json().error]).toEqual([503, expect.stringContaining('within 1 seconds')]);
    expect(stream.body).toBe('late');
    expect(run.body).toBe('late');
  });
});

describe('limits of keys that nobody holds', () => {
  it.each([
    ['a gateway’s here, whose own clients are told of', 'gateway', ';gateway;sandboxes=3'],
    ['any, where the key over there is none of a gateway', 'plain', ';disk=1g'],
  ] as const)('are named by /health: of %s', async (_, farKey, settings) => {
    const url = await startFar((_asked, reply) => reply.end('{"docker":true}'), 0, farKey);
    gateway = await startGateway(url, { SANDBOX_API_KEYS: entryOf('bot', BOT_KEY, settings) });
    expect((await gateway.call('GET', '/health', undefined, {})).json()).toMatchObject({
      status: 'healthy',
      warnings: [expect.stringMatching(/sandboxes= and disk= of the key bot:/)],
    });
  });

  it('are not those of clients that a gateway tells of', async () => {
    const url = await startFar((_asked, reply) => reply.end('{"docker":true}'));
    const keys = `${entryOf('bot', BOT_KEY, ';sandboxes=3;rate=50')},${entryOf('chat', 'other', ';disk=1g')}`;
    gateway = await startGateway(url, { SANDBOX_API_KEYS: keys });
    expect((await gateway.call('GET', '/health', undefined, {})).json().warnings ?? []).toEqual([]);
  });
});

describe('a key over there that is no gateway’s', () => {
  it('serves exactly one key here, and tells nobody’s name', async () => {
    let told: unknown = 'nothing asked';
    const url = await startFar(
      (asked, reply) => {
        told = asked.headers['x-sandbox-principal'];
        reply.end('{}');
      },
      0,
      'plain',
    );
    const two = startGateway(url);
    await expect(two).rejects.toThrow(ConfigError);
    await expect(two).rejects.toThrow(/2 keys.*--gateway/);
    gateway = await startGateway(url, { SANDBOX_API_KEYS: entryOf('bot', BOT_KEY) });
    expect((await gateway.call('GET', '/sandbox/u/status')).statusCode).toBe(200);
    expect(told).toBeUndefined();
  });

  it('holds a prefix here: of paths, of lists, of copies, and of MCP, which names users inside', async () => {
    let seen: string | undefined;
    const url = await startFar(
      (asked, reply) => {
        seen = asked.url;
        asked.resume().on('end', () => reply.end('{}'));
      },
      0,
      'plain',
    );
    gateway = await startGateway(url, { SANDBOX_API_KEYS: entryOf('bot', BOT_KEY, ';prefix=chat-') });
    const status = async (method: string, path: string, body?: unknown) =>
      (await gateway.call(method, path, body)).statusCode;
    expect(await status('GET', '/sandbox/ada/status')).toBe(403);
    expect(await status('GET', '/sandbox/chat-1/status')).toBe(200);
    expect(await status('GET', '/sandbox?prefix=ch&limit=3')).toBe(200);
    expect(seen).toBe('/sandbox?prefix=chat-&limit=3');
    expect(await status('GET', '/sandbox?prefix=other')).toBe(403);
    expect(await status('POST', '/sandbox/chat-1/create', { from: { user_id: 'ada' } })).toBe(403);
    expect(await status('POST', '/sandbox/chat-1/create', { from: { user_id: 'chat-2' } })).toBe(200);
    expect(await status('POST', '/mcp', {})).toBe(403);
  });
});
