import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
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
