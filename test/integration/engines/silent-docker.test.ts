import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createDockerEngine } from '../../../src/engines/docker/docker-engine.ts';
import type { EngineId } from '../../../src/engines/engine.ts';

describe('a Docker engine that does not answer', () => {
  it('is unavailable where there is no socket', async () => {
    const absent = createDockerEngine({ socketPath: '/nonexistent/docker.sock' });
    const call = absent.info();
    await expect(call).rejects.toMatchObject({ kind: 'unavailable', cause: { code: 'ENOENT' } });
    await expect(absent.inspect('anything')).rejects.toMatchObject({ kind: 'unavailable' });
    await absent.close();
  });

  it('times out where the socket takes the call and never answers, and gives the connection up', async () => {
    await using fake = await listen(() => undefined);
    const hung = createDockerEngine({ socketPath: fake.path, callTimeoutMs: 50 });
    const id = 'f'.repeat(64) as EngineId;
    const calls = [hung.info(), hung.start(id), hung.stats(id), hung.exec(id, ['cat']), hung.list({})];
    await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject({ kind: 'timeout' })));
    await fake.allClosed();
    await hung.close();
  });

  it('is unavailable where it hangs up', async () => {
    await using fake = await listen((socket) => socket.destroy());
    const broken = createDockerEngine({ socketPath: fake.path });
    await expect(broken.info()).rejects.toMatchObject({ kind: 'unavailable' });
    await broken.close();
  });

  it('breaks the stream of a program where the connection ends within a frame', async () => {
    await using fake = await listen(
      (socket) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 201 Created\r\nContent-Length: 10\r\nConnection: close\r\n\r\n{"Id":"e"}');
          socket.end();
        });
      },
      (socket) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
          socket.end(Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 104, 105]));
        });
      },
    );
    const cut = createDockerEngine({ socketPath: fake.path });
    const { stream } = await cut.exec('e'.repeat(64) as EngineId, ['cat']);
    await expect(text(stream)).rejects.toMatchObject({ kind: 'unavailable' });
    await cut.close();
  });
});

/** A server on a socket of its own that treats its first connection as the first says, and so on; the last stays. */
async function listen(...behaviours: ((socket: Socket) => void)[]) {
  const folder = await mkdtemp(join(tmpdir(), 'clara-test-'));
  const path = join(folder, 'docker.sock');
  const closed: Promise<unknown>[] = [];
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.resume();
    closed.push(new Promise((resolve) => socket.once('close', resolve)));
    const behave = behaviours.length > 1 ? behaviours.shift() : behaviours[0];
    behave?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    allClosed: () => Promise.all(closed),
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}
