import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventsOf, readEvents, type ServerEvent, textOf } from '../../support/event-stream.ts';
import { removeAll } from '../../support/real-server.ts';
import { RUNTIME } from '../../support/runtime.ts';
import { API_KEY, type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { attach } from '../../support/terminal-client.ts';

const KEY = { 'x-api-key': API_KEY };

let dataDir: string;
let server: ServerProcess;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-killed-'));
  server = await start();
});
afterAll(async () => {
  await server?.end('SIGTERM');
  await removeAll(dataDir);
});

const start = (): Promise<ServerProcess> =>
  startServerProcess({
    SANDBOX_DATA_DIR: dataDir,
    SANDBOX_DOCKER_RUNTIME: RUNTIME,
    SANDBOX_DOCKER_IMAGE: process.env.CLARA_TEST_IMAGE ?? '',
  });

const path = (suffix: string) => `/sandbox/u/${suffix}`;
const events = (of: string) => fetch(`${server.url}${path(`processes/${of}`)}`, { headers: KEY });

/** What a stream tells until it has told this output; what is printed at once may come in parts. */
const untilOutput = async (reading: AsyncGenerator<ServerEvent>, output: string): Promise<ServerEvent[]> => {
  const told: ServerEvent[] = [];
  while (!textOf(told, 'stdout').startsWith(output)) {
    const { value, done } = await reading.next();
    if (done) throw new Error('The stream ended before it was read.');
    told.push(value);
  }
  return told;
};

describe('a server that is killed in the middle of a stream, a terminal and a context', () => {
  it('is followed by one with the same processes, outputs without a gap, and variables', async () => {
    // A create waits for longer than a call.
    expect(await server.call('POST', path('create'))).toMatchObject({ status: 200 });
    expect(await server.call('POST', path('contexts'), { id: 'thinking' })).toMatchObject({ status: 201 });
    const first = await server.call('POST', path('contexts/thinking/execute'), { code: 'kept = 41' });
    expect(first.body).toMatchObject({ success: true });
    const code = 'mkfifo fifo; for n in $(seq 100); do echo $n; done; read line < fifo; echo after';
    const streamed = (await server.call('POST', path('processes'), { command: code, name: 'streamed' })).body.id;
    const tty = { rows: 24, cols: 80 };
    const typed = (await server.call('POST', path('processes'), { argv: ['cat'], tty, name: 'typed' })).body.id;
    const before = await untilOutput(eventsOf(await events(`${streamed}/events`)), '1\n');
    const cell = 'import os\nos.mkfifo("gate")\nprint("one", flush=True)\nopen("gate").read()\nkept += 1\nprint("two")';
    const thinking = await fetch(`${server.url}${path('contexts/thinking/execute')}`, {
      method: 'POST',
      headers: { ...KEY, 'content-type': 'application/json' },
      body: JSON.stringify({ code: cell, stream: true, timeout: 120 }),
    });
    const thought = await untilOutput(eventsOf(thinking), 'one\n');
    const thinker = thought[0]?.data.process_id;
    const viewer = await attach(`${server.url}${path(`processes/${typed}/attach`)}`, KEY);
    viewer.type('hello\r');
    await viewer.until('hello\r\nhello\r\n');

    await server.end('SIGKILL');
    expect(await viewer.closed).toBe(1006);
    server = await start();

    const { processes } = (await server.call('GET', path('processes'))).body;
    expect(processes).toMatchObject([
      { id: thinker, kind: 'context', state: 'running' },
      { id: typed, name: 'typed', state: 'running' },
      { id: streamed, name: 'streamed', state: 'running' },
    ]);
    await server.call('POST', path('shell'), { command: 'echo go > fifo' });
    const rest = await readEvents(events(`${streamed}/events?after=${before.at(-1)?.id}`));
    const all = Array.from({ length: 100 }, (_, index) => `${index + 1}\n`).join('');
    expect(textOf([...before, ...rest], 'stdout')).toBe(`${all}after\n`);
    expect([...before, ...rest].some(({ event }) => event === 'gap')).toBe(false);

    const seen = Buffer.byteLength(viewer.seen());
    const next = await attach(`${server.url}${path(`processes/${typed}/attach?after=${seen}`)}`, KEY);
    next.type('again\r');
    await next.until('again\r\nagain\r\n');
    expect(next.seen()).toBe('again\r\nagain\r\n');
    expect(next.told[0]).toEqual({ start: { offset: seen, ...tty } });
    next.leave();

    expect((await server.call('GET', path('contexts/thinking'))).body).toMatchObject({ state: 'busy' });
    await server.call('POST', path('shell'), { command: 'echo go > gate' });
    const thoughts = await readEvents(events(`${thinker}/events?after=${thought.at(-1)?.id}`));
    expect([textOf(thought, 'stdout'), textOf(thoughts, 'stdout')]).toEqual(['one\n', 'two\n']);
    expect(thoughts.at(-1)).toMatchObject({
      event: 'exit',
      data: { success: true, execution_count: 2, context_restarted: false },
    });
    expect((await server.call('POST', path('contexts/thinking/execute'), { code: 'kept' })).body).toMatchObject({
      success: true,
      results: [{ data: { 'text/plain': '42' } }],
      execution_count: 3,
      context_restarted: false,
    });
  });
});
