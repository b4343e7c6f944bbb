import { afterEach, describe, expect, it } from 'vitest';
import { eventsOf, readEvents, type ServerEvent } from '../../support/event-stream.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

afterEach(async () => {
  await server.close();
});

const start = async (variables: Readonly<Record<string, string>> = {}) => {
  server = await startRealServer({ SANDBOX_POOL_SIZE: '0', ...variables });
};

const path = (suffix: string) => `/sandbox/u/${suffix}`;

/** Asks for a stream; a text is sent as it is. */
const open = (method: string, url: string, body?: object | string, headers = {}, signal: AbortSignal | null = null) =>
  fetch(`${server.url}${url}`, {
    method,
    headers: {
      'x-api-key': server.apiKey,
      ...(typeof body === 'object' ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal,
  });

async function* events(method: string, url: string, body?: object): AsyncGenerator<ServerEvent> {
  yield* eventsOf(await open(method, url, body));
}

const namesOf = (all: readonly ServerEvent[]) => all.map(({ event }) => event);

const textOf = (all: readonly ServerEvent[], name: string) =>
  all
    .filter(({ event }) => event === name)
    .map(({ data }) => data.text)
    .join('');

describe('a streamed run', () => {
  it('is told as it goes, as server-sent events: start, outputs, exit, with ids that rise by one', async () => {
    await start();
    const code = "import sys\nprint('one', flush=True)\nprint('bad', file=sys.stderr)\nprint('two')";
    const all = await readEvents(open('POST', path('execute'), { code, stream: true }));
    expect(all[0]).toMatchObject({ event: 'start', id: 1, data: { process_id: 1, pid: expect.any(Number) } });
    expect(textOf(all, 'stdout')).toBe('one\ntwo\n');
    expect(textOf(all, 'stderr')).toBe('bad\n');
    expect(all.at(-1)).toMatchObject({
      event: 'exit',
      data: { success: true, exit_code: 0, error: null, timed_out: false, killed_by: null },
    });
    expect(all.at(-1)?.data).not.toHaveProperty('output');
    expect(all.map(({ id }) => id)).toEqual(all.map((_, index) => index + 1));
  });

  it('is one JSON object a line where Accept asks for that', async () => {
    await start();
    const response = open('POST', path('shell'), { command: 'echo a; exit 3' }, { accept: 'application/x-ndjson' });
    const { headers } = await response;
    expect(headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const all = await readEvents(response);
    expect(namesOf(all)).toEqual(['start', 'stdout', 'exit']);
    expect(all.at(-1)?.data).toMatchObject({ success: false, exit_code: 3, error: 'Exit code: 3' });
  });

  it('comes while the program runs, and cuts no character', async () => {
    await start();
    const code =
      "import os, time\nos.write(1, b'\\xe5\\xa3')\ntime.sleep(0.2)\nos.write(1, b'\\xb2 \\xf0\\x9f\\x99')\nos.write(1, b'\\x82\\n')\nopen('/workspace/seen', 'w')\nwhile os.path.exists('/workspace/seen'): time.sleep(0.02)";
    const seen: ServerEvent[] = [];
    for await (const event of events('POST', path('execute'), { code, stream: true })) {
      seen.push(event);
      if (textOf(seen, 'stdout') === '売 🙂\n') await server.call('DELETE', path('file?path=seen'));
    }
    expect(textOf(seen, 'stdout')).toBe('売 🙂\n');
    expect(seen.at(-1)).toMatchObject({ event: 'exit', data: { success: true } });
  });

  it('answers with an ordinary error where it cannot begin', async () => {
    await start();
    const response = await open('POST', path('execute'), { code: 'print(1)', stream: true, timeout: 90_000 });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ error: 'timeout must be 86400 or less.' });
    const plain = await server.call('POST', path('execute'), { code: 'print(1)', timeout: 301 });
    expect(plain.body).toMatchObject({ error: 'timeout must be 300 or less.' });
  });

  it('says an uncaught exception’s last line, a timeout, and a death for memory at its exit', async () => {
    await start();
    const last = async (body: object) =>
      (await readEvents(open('POST', path('execute'), { ...body, stream: true }))).at(-1)?.data;
    expect(await last({ code: "raise ValueError('wrong')" })).toMatchObject({
      success: false,
      error: 'ValueError: wrong',
    });
    expect(await last({ code: 'while True: pass', timeout: 1 })).toMatchObject({
      timed_out: true,
      exit_code: 124,
      error: 'Execution timed out after 1 seconds',
    });
    expect(await last({ code: 'import os; os.kill(os.getpid(), 9)' })).toMatchObject({
      killed_by: 'SIGKILL',
      exit_code: 137,
    });
  });

  it('ends its program when its client leaves, unless that is to run on', async () => {
    await start();
    const leave = async (body: object) => {
      const abort = new AbortController();
      const response = await open('POST', path('shell'), { ...body, stream: true }, {}, abort.signal);
      await response.body?.getReader().read();
      abort.abort();
    };
    await leave({ command: 'echo $$; exec sleep 3331' });
    await leave({ command: 'echo $$; exec sleep 3332', keep_running: true });
    const count = async (what: string) => (await server.shell('u', `pgrep -f -c 'sleep ${what}'`)).body.output.trim();
    await expect.poll(() => count('333[1]')).toBe('0');
    expect(await count('333[2]')).toBe('1');
  });

  it('ends with an exit that says so where its sandbox is stopped or its agent killed', async () => {
    await start();
    const end = async (act: () => Promise<unknown>) => {
      const seen: ServerEvent[] = [];
      for await (const event of events('POST', path('shell'), { command: 'echo begun; sleep 1000', stream: true })) {
        seen.push(event);
        if (event.event === 'stdout') await act();
      }
      return seen.at(-1);
    };
    const lost = { event: 'exit', data: { success: false, exit_code: 137, killed_by: 'SIGKILL' } };
    expect(await end(() => server.call('POST', path('stop')))).toMatchObject(lost);
    expect(await end(() => server.shell('u', 'kill -9 $(pgrep -x clara-agent | head -1)'))).toMatchObject(lost);
    expect((await server.execute('u', 'print(1)')).body.output).toBe('1\n');
  });

  it('of pip shows its progress, and what it installs persists', async () => {
    await start();
    const all = await readEvents(open('POST', path('pip/install'), { package: 'no-such-package-here', stream: true }));
    expect(all.at(-1)).toMatchObject({ event: 'exit', data: { success: false } });
    expect(textOf(all, 'stderr')).toMatch(/no-such-package-here/);
  });

  it('is paced by its reader and right to the byte, with other calls at work beside it', async () => {
    await start();
    const bytes = 40_000_000;
    const response = await open('POST', path('shell'), {
      command: `head -c ${bytes} /dev/zero | tr '\\0' x`,
      stream: true,
    });
    let seen = 0;
    let isFirst = true;
    for await (const event of eventsOf(response)) {
      if (isFirst) expect((await server.execute('u', 'print(1)')).body.output).toBe('1\n');
      isFirst = false;
      expect(event.event).not.toBe('gap');
      if (event.event === 'stdout') seen += String(event.data.text).length;
    }
    expect(seen).toBe(bytes);
  });
});

describe('a process', () => {
  const processes = async () =>
    (await server.call('GET', path('processes'))).body.processes as Record<string, unknown>[];
  const begin = async (body: object) => await server.call('POST', path('processes'), body);

  it('lives beyond its request: it is listed, read late, read on from an event, and forgotten', async () => {
    await start();
    const made = await begin({
      command: 'mkfifo fifo; echo one; read line < fifo; echo $line',
      name: 'two',
      labels: { app: 'web' },
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        id: 1,
        name: 'two',
        kind: 'command',
        state: 'running',
        labels: { app: 'web' },
        cwd: '/workspace',
        exit_code: null,
      },
    });
    const url = path('processes/1/events');
    const seen: ServerEvent[] = [];
    for await (const event of events('GET', url)) {
      seen.push(event);
      if (event.event === 'stdout' && event.data.text === 'one\n') await server.shell('u', 'echo go > fifo');
    }
    expect(textOf(seen, 'stdout')).toBe('one\ngo\n');
    const late = await readEvents(open('GET', `${url}?after=2`));
    expect(textOf(late, 'stdout')).toBe('go\n');
    expect(late[0]?.id).toBe(3);
    expect((await open('GET', `${url}?after=99`)).status).toBe(204);
    expect((await server.call('GET', path('processes/1'))).body).toMatchObject({ state: 'exited', exit_code: 0 });
    expect(await (await open('GET', path('processes/1/output?tail=3'))).text()).toBe('go\n');
    expect(await processes()).toHaveLength(1);
    expect((await server.call('DELETE', path('processes/1'))).status).toBe(200);
    expect(await processes()).toEqual([]);
    expect((await server.call('GET', path('processes/1'))).status).toBe(404);
  });

  it('takes input, signals and deadlines', async () => {
    await start();
    const cat = (await begin({ argv: ['cat'], stdin: true })).body.id;
    expect((await open('POST', path(`processes/${cat}/stdin`), 'hello ')).status).toBe(204);
    expect((await open('POST', path(`processes/${cat}/stdin?close=true`), 'world')).status).toBe(204);
    expect((await server.call('POST', path(`processes/${cat}/wait`), { timeout: 20 })).body).toMatchObject({
      exit_code: 0,
    });
    expect((await open('POST', path(`processes/${cat}/stdin`), 'late')).status).toBe(409);
    const sleeper = (await begin({ argv: ['sleep', '1000'] })).body.id;
    expect((await server.call('POST', path(`processes/${sleeper}/signal`), { signal: 'NOSUCH' })).status).toBe(422);
    expect((await server.call('POST', path(`processes/${sleeper}/signal`), { signal: 'SIGTERM' })).status).toBe(204);
    expect((await server.call('POST', path(`processes/${sleeper}/wait`))).body).toMatchObject({
      signal: 'SIGTERM',
      exit_code: 143,
    });
    expect((await server.call('POST', path(`processes/${sleeper}/signal`), { signal: 9 })).status).toBe(409);
    const late = (await begin({ code: 'while True: pass', timeout: 1 })).body.id;
    expect((await server.call('POST', path(`processes/${late}/wait`))).body).toMatchObject({
      timed_out: true,
      exit_code: 124,
    });
  });

  it('says what it does not take, and how many may be kept', async () => {
    await start({ SANDBOX_MAX_PROCESSES: '2' });
    expect((await begin({})).body.error).toMatch(/one of command, argv and code/);
    expect((await begin({ command: 'true', color: 'red' })).body.error).toMatch(/color is unknown/);
    for (let made = 0; made < 2; made += 1) expect((await begin({ command: 'sleep 1000' })).status).toBe(201);
    expect(await begin({ command: 'true' })).toMatchObject({
      status: 409,
      body: { error: expect.stringMatching(/2 processes/) },
    });
    await server.call('DELETE', path('processes/1'));
    expect((await begin({ command: 'true' })).status).toBe(201);
  });

  it('outlives the server: the next one has it, and who reads goes on behind the last event', async () => {
    await start();
    await begin({ command: 'echo before; mkfifo fifo; read line < fifo; echo after', name: 'survivor' });
    const reading = events('GET', path('processes/1/events'));
    const before = [(await reading.next()).value, (await reading.next()).value] as ServerEvent[];
    expect(textOf(before, 'stdout')).toBe('before\n');
    const { dataDir } = server;
    await server.leave();
    server = await startRealServer({ SANDBOX_POOL_SIZE: '0', SANDBOX_DATA_DIR: dataDir });
    expect(await processes()).toMatchObject([{ id: 1, name: 'survivor', state: 'running' }]);
    await server.shell('u', 'echo go > fifo');
    const rest = await readEvents(open('GET', path(`processes/1/events?after=${before.at(-1)?.id}`)));
    expect(textOf(rest, 'stdout')).toBe('after\n');
  });

  it('that is silent has its reader connected at once, and lets it go when the server begins to close', async () => {
    const closingLimits = { callsMs: 600_000, answersMs: 600_000 };
    server = await startRealServer({ SANDBOX_POOL_SIZE: '0' }, { closingLimits });
    await begin({ command: 'sleep 1000' });
    const response = await open('GET', path('processes/1/events?after=1'));
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(': ping\n\n');
    const cut = reader?.read().catch((error: unknown) => error);
    await server.leave();
    expect(await cut).toBeInstanceOf(Error);
    server = await startRealServer({ SANDBOX_POOL_SIZE: '0', SANDBOX_DATA_DIR: server.dataDir });
    expect(await processes()).toMatchObject([{ id: 1, state: 'running' }]);
  });

  it('is not made, woken or counted by a look at a sandbox that is not there or stopped', async () => {
    await start();
    for (const look of ['processes', 'processes/1', 'processes/1/events', 'processes/1/output']) {
      expect((await open('GET', path(look))).status, look).toBe(404);
    }
    expect((await server.call('GET', path('status'))).status).toBe(404);
    await begin({ command: 'sleep 1000' });
    await server.call('POST', path('stop'));
    expect(await processes()).toEqual([]);
    expect((await server.call('GET', path('status'))).body.status).toBe('stopped');
  });
});
