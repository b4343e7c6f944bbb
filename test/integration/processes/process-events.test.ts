import { afterEach, describe, expect, it } from 'vitest';
import { eventsOf, readEvents, type ServerEvent, textOf } from '../../support/event-stream.ts';
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
    const unread = await server.call('GET', url, undefined, {
      headers: { 'x-api-key': server.apiKey, 'last-event-id': '-1' },
    });
    expect([unread.status, unread.body.detail[0].loc]).toEqual([422, ['header', 'last-event-id']]);
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

  it('takes input of a command and of code too', async () => {
    await start();
    const begun = [
      await begin({
        command: `read -r line; [[ $line ]] && echo "bash is $line" # ${'x'.repeat(200_000)}`,
        stdin: true,
      }),
      await begin({ code: `print("Python is", input()) # ${'x'.repeat(200_000)}`, stdin: true }),
    ];
    expect(begun.map(({ body }) => body.kind)).toEqual(['command', 'code']);
    for (const { body } of begun) {
      expect((await open('POST', path(`processes/${body.id}/stdin`), 'there\n')).status).toBe(204);
      await server.call('POST', path(`processes/${body.id}/wait`), { timeout: 20 });
      const said = await open('GET', path(`processes/${body.id}/output`));
      expect(await said.text()).toMatch(/^(bash|Python) is there\n$/);
    }
  });

  it.each(['processes', 'contexts'])(
    'names the folder that is not there as a wrong field, as all %s do',
    async (what) => {
      await start();
      const body = { cwd: 'missing', ...(what === 'processes' ? { command: 'true' } : {}) };
      expect(await server.call('POST', path(what), body)).toMatchObject({
        status: 422,
        body: {
          error: 'There is no such working folder: /workspace/missing.',
          detail: [{ loc: ['body', 'cwd'] }],
        },
      });
    },
  );

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
