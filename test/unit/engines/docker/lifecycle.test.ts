import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDockerEngine } from '../../../../src/engines/docker/docker-engine.ts';
import type { EngineId } from '../../../../src/engines/engine.ts';

const ID = 'c0ffee' as EngineId;
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closers.splice(0).reverse()) await close();
});

/** A Docker that answers as this function says, and what asks it. */
async function engineThat(
  answer: (method: string, url: string) => { readonly status: number; readonly body?: unknown },
) {
  const folder = await mkdtemp(join(tmpdir(), 'clara-engine-'));
  const socketPath = join(folder, 'engine.sock');
  const server = createServer(({ method = '', url = '' }, response) => {
    const { status, body } = answer(method, url);
    response.setHeader('content-type', 'application/json');
    response.statusCode = status;
    response.end(body === undefined ? '' : JSON.stringify(body));
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
  return engine;
}

const inState = (status: string) => {
  const state = { Status: status, Running: status === 'running', Paused: false, ExitCode: 0, OOMKilled: false };
  return {
    status: 200,
    body: { Id: ID, Name: '/c', State: state, Mounts: [], Config: { Labels: {} }, HostConfig: {} },
  };
};

/** An engine with one container in this state, which refuses to freeze it so often, as runc does; and how often it was asked. */
async function engineThatRefuses(times: number, status = 'running') {
  const asked: number[] = [];
  const engine = await engineThat((method) => {
    if (method === 'GET') return inState(status);
    asked.push(asked.length);
    return asked.length > times ? { status: 204 } : { status: 500, body: { message: 'unable to freeze' } };
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

describe('a removal that is under way already', () => {
  it('is waited for, also where somebody sets the machine’s clock meanwhile', async () => {
    let looks = 0;
    const engine = await engineThat((method) => {
      if (method === 'DELETE') return { status: 409, body: { message: 'removal is already in progress' } };
      looks += 1;
      // The first look is at whether it is paused.
      if (looks === 2) vi.spyOn(Date, 'now').mockReturnValue(Date.UTC(2100));
      return looks < 4 ? inState('removing') : { status: 404, body: { message: 'No such container' } };
    });
    await engine.remove(ID);
    expect(looks).toBe(4);
  });
});

describe('a sandbox that is paused and that somebody else ends', () => {
  /** An engine whose container is paused when it is first looked at, and has ended when it is to go on; and what it was asked to do. */
  async function engineThatEndsIt() {
    const asked: string[] = [];
    let looks = 0;
    const engine = await engineThat((method, url) => {
      if (method === 'GET') {
        looks += 1;
        return inState(looks === 1 || (looks === 2 && asked.length === 0) ? 'paused' : 'exited');
      }
      asked.push(`${method} ${url.replace(/\?.*/, '').split('/').at(-1)}`);
      return url.includes('/unpause') ? { status: 409, body: { message: 'is not paused' } } : { status: 204 };
    });
    return { engine, asked };
  }

  it('is removed', async () => {
    const { engine, asked } = await engineThatEndsIt();
    await engine.remove(ID);
    expect(asked).toEqual(['POST unpause', `DELETE ${ID}`]);
  });

  it('is stopped', async () => {
    const { engine, asked } = await engineThatEndsIt();
    await engine.stop(ID, 0);
    expect(asked).toEqual(['POST unpause', 'POST stop']);
  });
});
