import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createDockerEngine } from '../../../../src/engines/docker/docker-engine.ts';
import type { EngineId } from '../../../../src/engines/engine.ts';

const ID = 'c0ffee' as EngineId;
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An engine with one container in this state, which refuses to freeze it so often, as runc does; and how often it was asked. */
async function engineThatRefuses(times: number, status = 'running') {
  const folder = await mkdtemp(join(tmpdir(), 'clara-pause-'));
  const socketPath = join(folder, 'engine.sock');
  const asked: number[] = [];
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.method === 'GET') {
      const state = { Status: status, Running: status === 'running', Paused: false, ExitCode: 0, OOMKilled: false };
      response.end(
        JSON.stringify({ Id: ID, Name: '/c', State: state, Mounts: [], Config: { Labels: {} }, HostConfig: {} }),
      );
      return;
    }
    asked.push(asked.length);
    response.statusCode = asked.length > times ? 204 : 500;
    response.end(response.statusCode === 204 ? '' : JSON.stringify({ message: 'unable to freeze' }));
  });
  server.listen(socketPath);
  await once(server, 'listening');
  const engine = createDockerEngine({ socketPath });
  closers.push(async () => {
    await engine.close();
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  return { engine, asked };
}

describe('a sandbox that the engine cannot freeze at once', () => {
  it('is asked for again until it is frozen', async () => {
    const { engine, asked } = await engineThatRefuses(3);
    await engine.pause(ID);
    expect(asked).toHaveLength(4);
  });

  it('goes on, and is the reaper’s to try again, where it is never frozen', async () => {
    const { engine, asked } = await engineThatRefuses(Number.POSITIVE_INFINITY);
    await expect(engine.pause(ID)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/freeze/),
    });
    expect(asked).toHaveLength(10);
  });

  it('is not asked for again where it does not run', async () => {
    const { engine, asked } = await engineThatRefuses(3, 'exited');
    await expect(engine.pause(ID)).rejects.toMatchObject({ kind: 'conflict' });
    expect(asked).toHaveLength(1);
  });
});
