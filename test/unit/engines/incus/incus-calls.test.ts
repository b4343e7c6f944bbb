import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { IncusCalls } from '../../../../src/engines/incus/incus-calls.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The URL of a machine that takes connections and says nothing, as one that hangs. */
async function silentMachine(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return `https://127.0.0.1:${port}`;
}

async function callsTo(url: string, timeoutMs: number): Promise<IncusCalls> {
  const trust = { key: '', certificate: '', serverCertificate: '' };
  const calls = new IncusCalls({ url, project: 'p', trust }, timeoutMs);
  closers.push(() => calls.close());
  return calls;
}

// Undici gives up a connection after ten seconds.
it('every call to a machine that hangs ends at its deadline, also one that waits for a connection', {
  timeout: 8_000,
}, async () => {
  const calls = await callsTo(await silentMachine(), 20);
  const all = [1, 2, 3].map((at) => calls.get(`answer ${at}`, '/'));
  const ends = await Promise.allSettled(all);
  expect(ends).toEqual(
    [1, 2, 3].map((at) => ({
      status: 'rejected',
      reason: expect.objectContaining({ kind: 'timeout', message: expect.stringContaining(`answer ${at} (more than`) }),
    })),
  );
});

it('an interruption ends the calls that are under way, and the next one is tried', async () => {
  const calls = await callsTo(await silentMachine(), 20_000);
  const first = calls.get('answer', '/');
  const refused = expect(first).rejects.toMatchObject({ kind: 'unavailable' });
  await calls.interrupt();
  await refused;
  const second = calls.get('answer', '/');
  const ended = expect(second).rejects.toMatchObject({ kind: 'unavailable' });
  await calls.close();
  await ended;
});

/** The socket of an Incus that carries any stream and answers every question with this. */
async function answeringIncus(answer: () => object & { readonly error_code?: number }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clara-unit-'));
  const socketPath = join(folder, 'incus.sock');
  const streams = new WebSocketServer({ noServer: true });
  const server = createHttpServer((_request, response) => {
    const body = answer();
    response.writeHead(body.error_code ?? 200).end(JSON.stringify(body));
  });
  server.on('upgrade', (request, socket, head) => streams.handleUpgrade(request, socket, head, () => undefined));
  server.listen(socketPath);
  await once(server, 'listening');
  closers.push(async () => {
    for (const client of streams.clients) client.terminate();
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  return socketPath;
}

const READY = { type: 'sync', metadata: null };
const ENDING = { type: 'error', error: 'Daemon is shutting down', error_code: 503 };
const FORBIDDEN = { type: 'error', error: 'not authorized', error_code: 403 };

it('streams end as soon as Incus is to end, which waits for them, and not while it only refuses to say', async () => {
  let asked = 0;
  const answers = [READY, FORBIDDEN, ENDING];
  const socketPath = await answeringIncus(() => answers[asked++] ?? ENDING);
  const calls = new IncusCalls({ socketPath, project: 'p' }, 20_000);
  closers.push(() => calls.close());
  const stream = calls.socket('/1.0/operations/o', 's');
  await once(stream, 'open');
  await once(stream, 'close');
  expect(asked).toBe(3);
});

it('streams end where a call hears first that Incus is to end', async () => {
  const calls = new IncusCalls({ socketPath: await answeringIncus(() => ENDING), project: 'p' }, 20_000);
  closers.push(() => calls.close());
  const stream = calls.socket('/1.0/operations/o', 's');
  await once(stream, 'open');
  const closed = once(stream, 'close');
  await expect(calls.get('start', '/1.0/x')).rejects.toMatchObject({ kind: 'unavailable' });
  await closed;
});
