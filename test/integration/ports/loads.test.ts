import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startPortApp } from '../../support/port-app.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { until } from '../../support/until.ts';

const PORT = 8000;
const SIZE = 256 * 2 ** 20;
/** What garbage and buffers may take while more than this passes, in bytes. */
const FLAT = 96 * 2 ** 20;

let server: RealServer;

beforeAll(async () => {
  // The app has a thread for each connection.
  server = await startRealServer({ SANDBOX_PIDS_LIMIT: '1024' });
  await startPortApp(server, 'u', PORT);
}, 300_000);

afterAll(() => server?.close());

const at = (path: string) => `${server.url}/sandbox/u/ports/${PORT}${path}`;
const key = () => ({ 'x-api-key': server.apiKey });
const openConnections = async () =>
  (await server.call('GET', '/sandbox/u/status')).body.awake_because.includes('preview');

/** A WebSocket to the app that is open. */
async function open(): Promise<WebSocket> {
  const socket = new WebSocket(at('/ws').replace(/^http/, 'ws'), { headers: key() });
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
    socket.on('unexpected-response', (_request, answer) => reject(new Error(String(answer.statusCode))));
  });
  return socket;
}

describe('a body through a port', () => {
  it('of any size is sent whole, in memory that stays', async () => {
    const block = randomBytes(2 ** 20);
    const digest = createHash('sha256');
    const before = process.memoryUsage().rss;
    let most = 0;
    async function* body() {
      for (let sent = 0; sent < SIZE; sent += block.length) {
        digest.update(block);
        most = Math.max(most, process.memoryUsage().rss);
        yield block;
      }
    }
    const init = { method: 'POST', headers: key(), body: ReadableStream.from(body()), duplex: 'half' };
    const answer = await fetch(at('/sink'), init as RequestInit);
    expect(await answer.json()).toEqual({ bytes: SIZE, sha256: digest.digest('hex') });
    expect(most - before).toBeLessThan(FLAT);
  });

  it('comes whole, and no faster than it is read', async () => {
    const answer = await fetch(at(`/zeros?bytes=${SIZE}`), { headers: key() });
    const before = process.memoryUsage().rss;
    let most = 0;
    let received = 0;
    for await (const chunk of answer.body ?? []) {
      received += chunk.length;
      most = Math.max(most, process.memoryUsage().rss);
    }
    expect(received).toBe(SIZE);
    expect(most - before).toBeLessThan(FLAT);
  });

  it('of a reader who reads nothing holds up nobody else, and ends with him', async () => {
    const slow = connect(Number(new URL(server.url).port), '127.0.0.1');
    const head = `GET /sandbox/u/ports/${PORT}/zeros?bytes=${2 ** 40} HTTP/1.1`;
    slow.write(`${head}\r\nHost: localhost\r\nX-API-Key: ${server.apiKey}\r\n\r\n`);
    await new Promise<void>((resolve) => slow.once('readable', resolve));
    expect((await fetch(at('/x'), { headers: key() })).status).toBe(200);
    slow.destroy();
    await until('the connection is over', async () => !(await openConnections()));
  });

  it('comes as it is made: events', async () => {
    const leave = new AbortController();
    const answer = await fetch(at('/events'), { headers: key(), signal: leave.signal });
    const { value } = (await answer.body?.getReader().read()) ?? {};
    expect(Buffer.from(value ?? []).toString()).toBe('data: one\n\n');
    leave.abort();
    await until('the connection is over', async () => !(await openConnections()));
  });
});

describe('connections to one sandbox', () => {
  it('are 512 at the most, idle WebSockets among them, and one more is told to wait', async () => {
    const sockets: WebSocket[] = [];
    while (sockets.length < 512) sockets.push(...(await Promise.all(Array.from({ length: 32 }, open))));
    const more = await fetch(at('/x'), { headers: key() });
    expect([more.status, more.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await server.execute('u', 'print(1)')).body.output).toBe('1\n');
    const [first] = sockets;
    const heard = new Promise<string>((resolve) => first?.on('message', (data: Buffer) => resolve(data.toString())));
    first?.send('still here');
    expect(await heard).toBe('still here');
    for (const socket of sockets) socket.terminate();
    await until('they are over', async () => !(await openConnections()));
    expect((await fetch(at('/x'), { headers: key() })).status).toBe(200);
  });

  it('of visitors end when the port is private again', async () => {
    await server.call('PUT', `/sandbox/u/ports/${PORT}`, { visibility: 'public' });
    const socket = new WebSocket(at('/ws').replace(/^http/, 'ws'));
    await new Promise<void>((resolve) => socket.on('open', resolve));
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    await server.call('PUT', `/sandbox/u/ports/${PORT}`, { visibility: 'private' });
    expect(await closed).toBe(1006);
  });
});
