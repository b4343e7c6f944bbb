import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createDeferred } from '../../../src/async/deferred.ts';
import type { ConnectionLimits } from '../../../src/http/limits/connection-limits.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { API_KEY, type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';

const SHORT: Partial<ConnectionLimits> = { headersMs: 300, bodyMs: 300, answerIdleMs: 300, checkEveryMs: 50 };

const KEY = `X-API-Key: ${API_KEY}\r\n`;

let fake: FakeApp;
let port: number;
const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.leave();
  await fake.close();
});

async function listen(
  connectionLimits: Partial<ConnectionLimits> = {},
  variables: Readonly<Record<string, string>> = {},
  engine = new FakeEngine(),
): Promise<void> {
  fake = await startNativeApp(variables, engine, { connectionLimits });
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

describe('a slow client', () => {
  it('that sends its headers byte by byte is ended with 408', async () => {
    await listen(SHORT);
    const client = await open();
    client.send('GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    void client.drip('a', 20);
    const answer = await client.end();
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(bodyOf(answer)).toEqual({ error: 'The request did not arrive in time.' });
  });

  it('that says nothing at all is ended', async () => {
    await listen(SHORT);
    await (await open()).end();
  });

  it('that sends its body byte by byte is ended with 408, and nothing runs', async () => {
    await listen(SHORT);
    const client = await open();
    client.send(post('/sandbox/u/execute', KEY, '').replace('Length: 0', 'Length: 100000'));
    void client.drip(' ', 20);
    const answer = await client.end();
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(bodyOf(answer)).toEqual({ error: 'The request did not arrive in time.' });
    expect(fake.engine.sandboxes.size).toBe(0);
  });

  it('that sends chunks without an end is ended', async () => {
    await listen(SHORT);
    const client = await open();
    client.send(
      `POST /sandbox/u/execute HTTP/1.1\r\nHost: x\r\n${KEY}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    void client.drip('1\r\n \r\n', 20);
    expect(await client.end()).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('without the key hears 401 at once and cannot hold its connection with a body', async () => {
    await listen(SHORT);
    const client = await open();
    client.send(post('/sandbox/u/execute', '', '').replace('Length: 0', 'Length: 100000'));
    await client.hear(/Invalid API key/);
    void client.drip(' ', 20);
    expect(await client.end()).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('may take longer for a streamed upload, as long as bytes move', async () => {
    await listen(SHORT);
    const client = await open();
    client.send(
      `PUT /sandbox/u/raw?path=slow.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${KEY}Content-Length: 40\r\n\r\n`,
    );
    await client.drip('x', 25, 40);
    expect(await client.end()).toMatch(/^HTTP\/1\.1 20[01] /);
    const read = await fake.call('GET', '/sandbox/u/file?path=slow.txt');
    expect(read.json()).toMatchObject({ content: 'x'.repeat(40) });
  });

  it('that takes nothing of its answer is ended', async () => {
    await listen(SHORT, { SANDBOX_OUTPUT_LIMIT: '32m' });
    fake.engine.onAgent = (agent) => {
      agent.onRun = () => ({ stdout: 'x'.repeat(30 * 2 ** 20) });
    };
    const accepted = once(fake.app.server, 'connection') as Promise<[Socket]>;
    const client = await open();
    client.deafen();
    client.send(post('/sandbox/u/execute', KEY, '{"code": "print(1)"}'));
    const [socket] = await accepted;
    await once(socket, 'close');
    client.listen();
    expect((await client.end()).length).toBeLessThan(30 * 2 ** 20);
  });
});

describe('many connections', () => {
  it('that are idle, a thousand of them, keep nobody from being served', async () => {
    await listen();
    await Promise.all(Array.from({ length: 1000 }, open));
    const answer = await say(post('/sandbox/u/execute', `${KEY}Connection: close\r\n`, '{"code": "print(1)"}'));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(bodyOf(answer)).toMatchObject({ output: '1\n' });
  });

  it('are no more than configured', async () => {
    await listen({}, { SANDBOX_MAX_CONNECTIONS: '10' });
    const first = await Promise.all(Array.from({ length: 10 }, open));
    await (await open()).end();
    const freed = once(fake.app.server, 'connection').then(([socket]) => once(socket as Socket, 'close'));
    first[0]?.leave();
    void freed.catch(() => undefined);
    for (const client of first.slice(1)) client.send('GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    for (const client of first.slice(1)) expect(await client.end()).toMatch(/^HTTP\/1\.1 200 /);
    expect(await say('GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('a client that leaves in the middle', () => {
  const routes = [
    ['execute', '{"code": "print(1)"}', true],
    ['shell', '{"command": "make"}', true],
    ['pip/install', '{"package": "rich"}', true],
    ['execute', '{"code": "print(1)", "keep_running": true}', false],
    ['shell', '{"command": "make", "keep_running": true}', false],
  ] as const;

  it.each(routes)('of %s %s: its run is killed: %s', async (route, body, isKilled) => {
    const engine = new FakeEngine();
    const started = createDeferred<AbortSignal>();
    const finish = createDeferred<void>();
    const ended = createDeferred<'killed' | 'finished'>();
    engine.onAgent = (agent) => {
      agent.onRun = async ({ signal }) => {
        signal.addEventListener('abort', () => ended.resolve('killed'));
        started.resolve(signal);
        await finish.promise;
        ended.resolve('finished');
        return {};
      };
    };
    await listen({}, {}, engine);
    const accepted = once(fake.app.server, 'connection') as Promise<[Socket]>;
    const client = await open();
    client.send(post(`/sandbox/u/${route}`, KEY, body));
    const [socket] = await accepted;
    const signal = await started.promise;
    const gone = once(socket, 'close');
    client.leave();
    await gone;
    if (isKilled) {
      expect(await ended.promise).toBe('killed');
      finish.resolve();
    } else {
      // A round trip to the sandbox comes after whatever the server had told it before.
      expect((await fake.call('GET', '/sandbox/u/file?path=absent')).statusCode).toBe(404);
      expect(signal.aborted).toBe(false);
      finish.resolve();
      expect(await ended.promise).toBe('finished');
    }
  });
});

describe('a server that is being shut down', () => {
  it('answers what it has begun, and what comes on such a connection with a 503', async () => {
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
    await listen({}, {}, engine);
    const client = await open();
    client.send(post('/sandbox/u/execute', KEY, '{"code": "print(1)"}'));
    await started.promise;
    const closed = fake.app.close();
    await until('the server listens no longer', () => !fake.app.server.listening);
    const came = once(fake.app.server, 'request');
    client.send(`GET /info HTTP/1.1\r\nHost: x\r\n${KEY}\r\n`);
    await came;
    finish.resolve();
    const answer = await client.end();
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '503']);
    expect(answer).toMatch(/"error":"The server is being shut down; [^"]+"/);
    expect(answer).toMatch(/\r\nretry-after: [1-9]/i);
    await closed;
  });
});
