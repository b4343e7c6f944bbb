import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../support/fake-app.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { attach, type TerminalClient } from '../../support/terminal-client.ts';
import { until } from '../../support/until.ts';

const TTY = { rows: 24, cols: 80 };
const MAX_VIEWERS = 32;

let server: RealServer;
const clock = new FakeClock();

beforeAll(async () => {
  const idle = { SANDBOX_PAUSE_AFTER: '300', SANDBOX_DOCKER_TIMEOUT: '86400' };
  // On a clock that stands still no rate is ever made up for.
  server = await startRealServer({ ...idle, SANDBOX_RATE_LIMIT: '0' }, { clock });
});
afterAll(async () => {
  await server?.close();
});

const info = async (user: string) => (await server.call('GET', `/sandbox/${user}/status`)).body;

async function begin(user: string, body: object): Promise<number> {
  const started = await server.call('POST', `/sandbox/${user}/processes`, body);
  expect(started.status).toBe(201);
  return started.body.id;
}

const view = (user: string, id: number): Promise<TerminalClient> =>
  attach(`${server.url}/sandbox/${user}/processes/${id}/attach`, { 'x-api-key': server.apiKey });

const isPaused = (user: string) => async () => (await info(user)).status === 'paused';

describe('work', () => {
  it('keeps its sandbox awake while another is paused: a process that waits, and somebody who looks at a terminal', async () => {
    await server.call('POST', '/sandbox/idle/create');
    const kept = await begin('keeper', { command: 'sleep 10000', keep_awake: true });
    expect((await server.call('GET', `/sandbox/keeper/processes/${kept}`)).body.keep_awake).toBe(true);
    const shown = await view('viewed', await begin('viewed', { argv: ['cat'], tty: TTY }));
    clock.nowMs += 400_000;
    await until('the idle one is paused', isPaused('idle'));
    expect(await info('keeper')).toMatchObject({ status: 'running', awake_because: ['keep_awake'] });
    expect(await info('viewed')).toMatchObject({ status: 'running', awake_because: ['terminal'] });
    shown.type('still there\r');
    await shown.until('still there');
    shown.leave();
    await until('nobody looks', async () => (await info('viewed')).awake_because.length === 0);
    await server.call('DELETE', `/sandbox/keeper/processes/${kept}`);
    clock.nowMs += 400_000;
    await until('both are paused', async () => (await isPaused('keeper')()) && (await isPaused('viewed')()));
  });

  it('is frozen by a pause that somebody asks for, and thawed by what is typed', async () => {
    const shown = await view('typist', await begin('typist', { argv: ['cat'], tty: TTY }));
    await server.call('POST', '/sandbox/typist/pause');
    const listed = await server.call('GET', '/sandbox/typist/processes');
    expect(listed.body.processes).toMatchObject([{ kind: 'tty', state: 'running' }]);
    expect((await info('typist')).status).toBe('paused');
    shown.type('awake again\r');
    await shown.until('awake again');
    expect((await info('typist')).status).toBe('running');
    shown.leave();
  });
});

describe('viewers of terminals', () => {
  it('are 32 at the most in a sandbox; the next one is refused with a sentence', async () => {
    const id = await begin('watched', { argv: ['cat'], tty: TTY });
    const viewers: TerminalClient[] = [];
    for (let count = 0; count < MAX_VIEWERS; count += 1) viewers.push(await view('watched', id));
    await expect(view('watched', id)).rejects.toThrow('503');
    const asked = await fetch(`${server.url}/sandbox/watched/processes/${id}/attach`, {
      headers: { 'x-api-key': server.apiKey, 'sec-websocket-protocol': 'clara.tty.v1' },
    });
    expect(asked.headers.get('retry-after')).toBe('1');
    expect(await asked.json()).toEqual({
      error: 'This sandbox already has 32 viewers of terminals; try again when one is done.',
    });
    viewers.pop()?.leave();
    await until('there is a place', async () => {
      const viewer = await view('watched', id).catch(() => null);
      if (viewer) viewers.push(viewer);
      return viewer !== null;
    });
    for (const viewer of viewers) viewer.leave();
  });
});

describe('a plain call', () => {
  it('is listed while it runs, can be ended there, and leaves no entry', async () => {
    const command = 'echo begun; mkfifo wait; read line < wait';
    const answered = server.shell('plain', command);
    const listed = async () =>
      (await server.call('GET', '/sandbox/plain/processes?state=running')).body.processes ?? [];
    await until('it waits', async () => (await server.call('GET', '/sandbox/plain/fs/stat?path=wait')).status === 200);
    expect(await listed()).toHaveLength(1);
    const [found] = await listed();
    expect(found).toMatchObject({ kind: 'command', command, cwd: '/workspace', state: 'running', keep_awake: false });
    expect((await server.call('GET', `/sandbox/plain/processes/${found.id}`)).body.pid).toBe(found.pid);
    expect((await server.call('GET', `/sandbox/plain/processes/${found.id}/events`)).status).toBe(409);
    expect((await server.call('DELETE', `/sandbox/plain/processes/${found.id}`)).body.state).toBe('exited');
    expect((await answered).body).toMatchObject({ success: false, exit_code: 137, output: 'begun\n' });
    expect(await listed()).toEqual([]);
    expect((await server.call('GET', `/sandbox/plain/processes/${found.id}`)).status).toBe(404);
  });
});
