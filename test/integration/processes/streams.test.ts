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

const namesOf = (all: readonly ServerEvent[]) => all.map(({ event }) => event);

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
    // The file is there before the last character, with whose coming it goes.
    const code =
      "import os, time\nopen('/workspace/seen', 'w').close()\nos.write(1, b'\\xe5\\xa3')\ntime.sleep(0.2)\nos.write(1, b'\\xb2 \\xf0\\x9f\\x99')\nos.write(1, b'\\x82\\n')\nwhile os.path.exists('/workspace/seen'): time.sleep(0.02)";
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

  it('says an uncaught exception’s last line, a timeout, a signal, and a death for memory at its exit', async () => {
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
      oom_killed: false,
      error: 'Exit code: 137',
    });
    expect(await last({ code: 'held = b"x" * (2 << 30)' })).toMatchObject({
      killed_by: 'SIGKILL',
      exit_code: 137,
      oom_killed: true,
      error: 'Killed: out of memory (limit 512 MiB)',
    });
  });

  it('ends its program when its client leaves, unless that is to run on', async () => {
    await start();
    const leave = async (body: object) => {
      const abort = new AbortController();
      const response = await open('POST', path('shell'), { ...body, stream: true }, {}, abort.signal);
      for await (const { event } of eventsOf(response)) if (event === 'stdout') break;
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
    const inside = await end(() => server.shell('u', 'kill -9 $(pgrep -x clara-agent | head -1)'));
    expect(inside).toMatchObject(lost);
    expect(inside?.data.error).toMatch(/^The program, or another one in its sandbox, ended or disturbed/);
    expect((await server.execute('u', 'print(1)')).body.output).toBe('1\n');
  });

  it('of pip shows its progress, and what it installs persists', async () => {
    await start();
    const packed = 'clara_told-1.0-py3-none-any.whl';
    const info = 'clara_told-1.0.dist-info';
    await server.execute(
      'u',
      `import zipfile
with zipfile.ZipFile('/workspace/${packed}', 'w') as z:
    z.writestr('clara_told.py', 'ANSWER = 42')
    z.writestr('${info}/METADATA', 'Metadata-Version: 2.1\\nName: clara-told\\nVersion: 1.0\\n')
    z.writestr('${info}/WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    z.writestr('${info}/RECORD', 'clara_told.py,,\\n${info}/METADATA,,\\n${info}/WHEEL,,\\n${info}/RECORD,,\\n')`,
    );
    const all = await readEvents(open('POST', path('pip/install'), { package: `/workspace/${packed}`, stream: true }));
    expect(all.at(-1)).toMatchObject({ event: 'exit', data: { success: true, error: null } });
    const said = all.filter(({ event }) => event === 'stdout').map(({ data }) => data.text);
    expect(said[0]).toContain('Processing');
    expect(said.at(-1)).toContain('Successfully installed clara-told-1.0');
    expect(said.length).toBeGreaterThan(1);
    await server.call('POST', path('restart'));
    expect((await server.execute('u', 'import clara_told; print(clara_told.ANSWER)')).body.output).toBe('42\n');
  });

  it('of pip says at its exit why nothing is installed', async () => {
    await start();
    const all = await readEvents(open('POST', path('pip/install'), { package: 'no-such-package-here', stream: true }));
    expect(all.at(-1)).toMatchObject({
      event: 'exit',
      data: { success: false, error: expect.stringMatching(/no-such-package-here/) },
    });
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
