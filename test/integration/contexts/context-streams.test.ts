import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventsOf, readEvents, type ServerEvent } from '../../support/event-stream.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeEach(async () => {
  server = await startRealServer();
});

afterEach(async () => {
  await server.close();
});

const path = (suffix: string) => `/sandbox/u/${suffix}`;

const open = (body: object, url = 'contexts/default/execute', headers = {}, signal: AbortSignal | null = null) =>
  fetch(`${server.url}${path(url)}`, {
    method: 'POST',
    headers: { 'x-api-key': server.apiKey, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal,
  });

const stream = async (code: string, more = {}) => await readEvents(open({ code, stream: true, ...more }));

const typed = (id: number, line: string, query = '') =>
  fetch(`${server.url}${path(`processes/${id}/stdin${query}`)}`, {
    method: 'POST',
    headers: { 'x-api-key': server.apiKey },
    body: line,
  });

const dataOf = (all: readonly ServerEvent[], name: string) =>
  all.filter(({ event }) => event === name).map(({ data }) => data);

const textOf = (all: readonly ServerEvent[], name = 'stdout') =>
  dataOf(all, name)
    .map(({ text }) => text)
    .join('');

const linesOf = (error: ServerEvent['data'] | undefined) => (error?.traceback ?? []) as string[];

/** A picture that was shown. */
const pictureOf = (shown: ServerEvent['data'] | undefined) => {
  const bundle = (shown?.data ?? {}) as Record<string, string>;
  return Buffer.from(bundle['image/png'] ?? '', 'base64');
};

/** Names of events without repetitions of outputs, which may come in any number of pieces. */
const order = (all: readonly ServerEvent[]) =>
  all.map(({ event }) => event).filter((name, index, names) => name !== names[index - 1] || !name.startsWith('std'));

describe('a streamed cell', () => {
  it('tells outputs and what is shown in their order, with ids that rise by one, as a process', async () => {
    const code =
      'from IPython.display import clear_output\nprint("a")\nh = display(1, display_id="d")\nprint("b")\nh.update(2)\nclear_output(wait=True)\n3';
    const all = await stream(code);
    expect(order(all)).toEqual(['start', 'stdout', 'result', 'stdout', 'result', 'clear_output', 'result', 'exit']);
    expect(all.map(({ id }) => id)).toEqual(all.map((_, index) => index + 1));
    expect(dataOf(all, 'result')).toEqual([
      { data: { 'text/plain': '1' }, metadata: {}, is_main: false, display_id: 'd', update: false },
      { data: { 'text/plain': '2' }, metadata: {}, is_main: false, display_id: 'd', update: true },
      { data: { 'text/plain': '3' }, metadata: {}, is_main: true, display_id: null, update: false },
    ]);
    expect(dataOf(all, 'clear_output')).toEqual([{ wait: true }]);
    expect(all.at(-1)?.data).toMatchObject({
      success: true,
      exit_code: 0,
      error: null,
      execution_count: 1,
      context_restarted: false,
    });
    const { processes } = (await server.call('GET', path('processes'))).body;
    expect(processes).toMatchObject([{ id: 1, kind: 'context', command: code, state: 'exited', exit_code: 0 }]);
    expect(processes[0].pid).toBe(all[0]?.data.pid);
  });

  it('tells an exception, and shares its variables with plain calls', async () => {
    const all = await stream('kept = 4\n1 / 0');
    const [error] = dataOf(all, 'error');
    expect(error).toMatchObject({ name: 'ZeroDivisionError', value: 'division by zero' });
    expect(textOf(all, 'stderr')).toBe(`${linesOf(error).join('\n')}\n`);
    expect(all.at(-1)?.data).toMatchObject({
      success: false,
      exit_code: 1,
      error: 'ZeroDivisionError: division by zero',
    });
    const plain = await server.execute('u', 'kept', { context: 'default' });
    expect(plain.body.results[0].data).toEqual({ 'text/plain': '4' });
    expect(
      await readEvents(open({ code: 'kept += 1', context: 'default' }, 'execute', { accept: 'application/x-ndjson' })),
    ).toHaveLength(2);
  });

  it('asks for lines, which the input of its process answers', async () => {
    const seen: ServerEvent[] = [];
    const code = 'import getpass\nname = input("who? ")\nsecret = getpass.getpass()\nprint(name, len(secret))\ninput()';
    for await (const event of eventsOf(await open({ code, stream: true }))) {
      seen.push(event);
      if (event.event !== 'input_request') continue;
      const [line, query] =
        { 'who? ': ['Ada\n', ''], 'Password: ': ['four', ''], '': ['', '?close=true'] }[String(event.data.prompt)] ??
        [];
      expect((await typed(1, line ?? '', query)).status).toBe(204);
    }
    expect(dataOf(seen, 'input_request').map(({ password }) => password)).toEqual([false, true, false]);
    expect(textOf(seen)).toBe('Ada 4\n');
    expect(dataOf(seen, 'error')).toMatchObject([{ name: 'EOFError' }]);
  });

  it('is interrupted by a signal, by its deletion, by its timeout and by the going of its caller, and the variables stay', async () => {
    const endless = 'kept = 1\nprint("in", flush=True)\nimport time\nwhile True: time.sleep(0.01)';
    const enders = [
      (id: number) => server.call('POST', path(`processes/${id}/signal`), { signal: 'TERM' }),
      (id: number) => server.call('DELETE', path(`processes/${id}`)),
      (_id: number, leave: () => void) => leave(),
    ];
    for (const end of enders) {
      const leaving = new AbortController();
      const reading = (async () => {
        for await (const { event, data } of eventsOf(
          await open({ code: endless, stream: true }, undefined, {}, leaving.signal),
        )) {
          if (event === 'stdout' && String(data.text).includes('in')) {
            const { processes } = (await server.call('GET', path('processes'))).body;
            await end(processes[0].id, () => leaving.abort());
          }
        }
      })().catch(() => undefined);
      await reading;
      const { body } = await server.execute('u', 'kept', { context: 'default' });
      expect(body).toMatchObject({ context_restarted: false, results: [{ data: { 'text/plain': '1' } }] });
    }
    const late = await stream(endless, { timeout: 1 });
    expect(late.at(-1)?.data).toMatchObject({ exit_code: 124, timed_out: true, context_restarted: false });
  });

  it('shows a picture of megabytes whole', async () => {
    const all = await stream('import os\nclass A:\n    def _repr_png_(self): return os.urandom(4_000_000)\nA()');
    const [shown] = dataOf(all, 'result');
    expect(pictureOf(shown)).toHaveLength(4_000_000);
  });

  it('outlives its server, runs on, and is read by the next one behind the last event', async () => {
    const code =
      'import os, time\nprint("one", flush=True)\nwhile not os.path.exists("/workspace/go"): time.sleep(0.01)\nprint("two")\nkept = 5';
    const seen: ServerEvent[] = [];
    const reading = (async () => {
      for await (const event of eventsOf(await open({ code, stream: true }))) {
        seen.push(event);
        if (textOf(seen) === 'one\n') await server.leave();
      }
    })().catch(() => undefined);
    await reading;
    server = await startRealServer({ SANDBOX_DATA_DIR: server.dataDir });
    await server.call('POST', path('file'), { path: 'go', content: '' });
    const rest = await readEvents(
      fetch(`${server.url}${path(`processes/1/events?after=${seen.at(-1)?.id}`)}`, {
        headers: { 'x-api-key': server.apiKey },
      }),
    );
    expect(textOf(rest)).toBe('two\n');
    expect(rest.at(-1)).toMatchObject({ event: 'exit', data: { success: true } });
    expect((await server.execute('u', 'kept', { context: 'default' })).body.results[0].data).toEqual({
      'text/plain': '5',
    });
  });
});
