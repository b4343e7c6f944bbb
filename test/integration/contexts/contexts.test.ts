import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_MAX_CONTEXTS: '3' });
});

afterAll(async () => {
  await server.close();
});

const path = (suffix = '') => `/sandbox/u/contexts${suffix}`;

const run = async (code: string, id = 'default', more = {}) =>
  (await server.call('POST', path(`/${id}/execute`), { code, timeout: 120, ...more })).body;

/** What the image's own IPython makes of a program: its output, and the text of its last value. */
const PROGRAMS: readonly (readonly [program: string, output: string, value: string | null])[] = [
  ['1 + 1', '', '2'],
  ['x = 5', '', null],
  ['x', '', '5'],
  ['_ * 2', '', '10'],
  ['x;', '', null],
  ['print("a"); "b"', 'a\n', "'b'"],
  ['None', '', null],
  ['import asyncio\nawait asyncio.sleep(0, "slept")', '', "'slept'"],
  ['async def f(): return 3\nawait f()', '', '3'],
  ['!echo shell', 'shell\n', null],
  ['out = !echo one; echo two\nlist(out)', '', "['one', 'two']"],
  ['%%bash\necho $((6 * 7))', '42\n', null],
  ['%%writefile /workspace/w.py\ny = 9', 'Writing /workspace/w.py\n', null],
  ['%run /workspace/w.py\ny', '', '9'],
  ['%cd -q /tmp\nimport os\nos.getcwd()', '', "'/tmp'"],
  ['In[1], Out[1]', '', "('1 + 1', 2)"],
  ['def g(a: int) -> str:\n    "says so"\ng.__doc__', '', "'says so'"],
  ['class A: pass\nA.__module__', '', "'__main__'"],
  ['import sys\nsys.argv', '', "['']"],
  ['for i in range(3): i', '', null],
  ['[i for i in range(3)]', '', '[0, 1, 2]'],
  ['import pandas as pd\npd.DataFrame({"a": [1]}).shape', '', '(1, 1)'],
];

describe('a context', () => {
  afterEach(async () => {
    const { contexts } = (await server.call('GET', path())).body;
    for (const { id } of contexts) await server.call('DELETE', path(`/${id}`));
  });

  it('answers a table of programs as IPython does, one after the other', async () => {
    const answers: unknown[] = [];
    for (const [program] of PROGRAMS) {
      const { success, output, results } = await run(program);
      const main = results.find((result: { is_main: boolean }) => result.is_main);
      answers.push([program, output, main ? main.data['text/plain'] : null, success]);
    }
    expect(answers).toEqual(PROGRAMS.map(([program, output, value]) => [program, output, value, true]));
  });

  it('keeps its variables, counts its cells, and is named by execute', async () => {
    expect(await run('x = 20')).toMatchObject({ success: true, results: [], execution_count: 1, exception: null });
    const { body } = await server.execute('u', 'x + 1', { context: 'default' });
    expect(body).toMatchObject({
      success: true,
      results: [{ data: { 'text/plain': '21' }, metadata: {}, is_main: true }],
      results_truncated: false,
      execution_count: 2,
      context_restarted: false,
    });
    expect((await server.execute('u', 'print("x" in dir())')).body).toMatchObject({ output: 'False\n' });
  });

  it('tells an exception with its lines and without those of the server', async () => {
    const answer = await run('def f():\n    1 / 0\nf()');
    expect(answer).toMatchObject({
      success: false,
      exit_code: 1,
      exception: { name: 'ZeroDivisionError', value: 'division by zero' },
      context_restarted: false,
    });
    expect(answer.stderr).toBe(`${answer.exception.traceback.join('\n')}\n`);
    expect(answer.error).toBe(answer.stderr);
    expect(answer.stderr).toContain('----> 2     1 / 0');
    expect(answer.stderr).not.toContain('\u001b');
    expect(answer.stderr).not.toMatch(/clara|importlib/);
  });

  it('shows figures, html and what is displayed, without asking', async () => {
    const figure = await run('import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()');
    const [picture] = figure.results.filter((result: { data: object }) => 'image/png' in result.data);
    expect(Buffer.from(picture.data['image/png'], 'base64').subarray(1, 4).toString()).toBe('PNG');
    const table = await run('import pandas as pd\npd.DataFrame({"a": [1]})');
    expect(table.results[0].data['text/html']).toContain('<table');
    const open = await run('plt.plot([3])\nNone');
    expect(open.results.map((result: { data: object }) => Object.keys(result.data))).toEqual([
      expect.arrayContaining(['image/png']),
    ]);
    const image = await run('from PIL import Image\nImage.new("RGB", (2, 2)).show()');
    expect(image.results[0].data).toHaveProperty(['image/png']);
    const updated = await run('h = display(1, display_id=True)\nh.update(2)');
    expect(updated.results).toEqual([{ data: { 'text/plain': '2' }, metadata: {}, is_main: false }]);
    const cleared = await run('from IPython.display import clear_output\ndisplay(1)\nclear_output()\ndisplay(2)');
    expect(cleared.results).toEqual([{ data: { 'text/plain': '2' }, metadata: {}, is_main: false }]);
    expect((await run('print?')).results[0].data['text/plain']).toContain('Docstring');
  });

  it.each([
    ['python', '%pinfo len\n1 + 1'],
    ['javascript', '1 + 1'],
    ['typescript', 'const one: number = 1'],
    ['bash', 'echo 1'],
  ])('of %s leaves nothing in the workspace that its code has not made', async (language, code) => {
    const name = `tidy-${language}`;
    expect((await server.call('POST', `/sandbox/${name}/contexts`, { id: 'c', language })).status).toBe(201);
    const { body } = await server.call('POST', `/sandbox/${name}/contexts/c/execute`, { code });
    expect(body).toMatchObject({ success: true });
    expect((await server.shell(name, 'ls -A ~ /workspace')).body.output).toBe('/home/user:\n\n/workspace:\n');
  });

  it('interrupts a cell at its timeout and keeps its variables', async () => {
    await run('kept = 1');
    const late = await run('import time\ntime.sleep(60)', 'default', { timeout: 1 });
    expect(late).toMatchObject({ success: false, exit_code: 124, timed_out: true, context_restarted: false });
    expect(late.error).toBe('Execution timed out after 1 seconds');
    expect((await run('kept')).results[0].data).toEqual({ 'text/plain': '1' });
  });

  it('ends alone when it crashes, exits or is out of memory, and says so twice', async () => {
    await run('kept = 1', 'default');
    expect((await server.call('POST', path(), { id: 'other' })).status).toBe(201);
    expect(await run('import os\nos.abort()', 'other')).toMatchObject({
      exit_code: 134,
      killed_by: 'SIGABRT',
      context_restarted: true,
    });
    expect((await server.call('GET', path('/other'))).body).toMatchObject({ state: 'dead' });
    expect(await run('1', 'other')).toMatchObject({ success: true, execution_count: 1, context_restarted: true });
    expect(await run('print("bye")\nexit()', 'other')).toMatchObject({
      success: true,
      output: 'bye\n',
      context_restarted: true,
    });
    const isKept = { context_restarted: false, results: [{ data: { 'text/plain': '1' } }] };
    expect(await run('kept')).toMatchObject(isKept);
    expect(await run('x = bytearray(3 << 30)\nx[::4096] = b"a" * len(x[::4096])', 'other')).toMatchObject({
      success: false,
      oom_killed: true,
      context_restarted: true,
    });
    // gVisor's kernel is inside the limit, and may be what is ended.
    if (!IS_GVISOR) expect(await run('kept')).toMatchObject(isKept);
  });

  it('has no person who types, and says so at once', async () => {
    for (const code of ['input("name? ")', 'import getpass\ngetpass.getpass()']) {
      const answer = await run(code);
      expect(answer.success).toBe(false);
      expect(answer.exception.value).toContain('nobody types');
    }
  });

  it('is made, found, listed, interrupted, restarted and deleted', async () => {
    const made = await server.call('POST', path(), { id: 'a', name: 'mine', cwd: '/tmp', env: { MINE: '1' } });
    expect(made).toMatchObject({
      status: 201,
      body: { id: 'a', name: 'mine', language: 'python', cwd: '/tmp', state: 'idle', execution_count: 0 },
    });
    expect((await server.call('POST', path(), { id: 'a', language: 'PY' })).status).toBe(200);
    expect((await run('import os\nos.getcwd(), os.environ["MINE"]', 'a')).results[0].data['text/plain']).toBe(
      "('/tmp', '1')",
    );
    expect((await server.call('POST', path())).status).toBe(201);
    expect((await server.call('POST', path(), { id: 'c' })).status).toBe(201);
    expect((await server.call('POST', path(), { id: 'd' })).status).toBe(409);
    const { contexts } = (await server.call('GET', path())).body;
    expect(contexts).toMatchObject([{ id: 'default' }, { id: 'a' }, {}, { id: 'c' }]);
    expect((await server.call('POST', path('/a/interrupt'))).status).toBe(204);
    expect((await server.call('POST', path('/a/restart'))).body).toMatchObject({ id: 'a', execution_count: 0 });
    expect(await run('"os" in dir()', 'a')).toMatchObject({
      context_restarted: true,
      results: [{ data: { 'text/plain': 'False' } }],
    });
    expect(await run('1', 'a')).toMatchObject({ context_restarted: false });
    expect((await server.call('DELETE', path('/a'))).status).toBe(204);
    for (const [method, suffix] of [
      ['GET', '/a'],
      ['DELETE', '/a'],
      ['POST', '/a/restart'],
      ['POST', '/a/interrupt'],
    ] as const)
      expect((await server.call(method, path(suffix))).status, suffix).toBe(404);
    expect((await server.call('POST', path('/a/execute'), { code: '1' })).status).toBe(404);
  });

  it('runs the calls of one context in the order of their arrival', async () => {
    await run('seen = []');
    await Promise.all(Array.from({ length: 10 }, (_, number) => run(`seen.append(${number}); len(seen)`)));
    expect((await run('len(seen) == len(set(seen)) == 10')).results[0].data['text/plain']).toBe('True');
  });

  it('shows what background threads print after their call in the next one', async () => {
    await run('import threading\ngo = threading.Event()\ndef late():\n    go.wait(); print("late")');
    await run('thread = threading.Thread(target=late); thread.start()');
    expect((await run('go.set(); thread.join()')).output).toBe('late\n');
  });
});

describe('contexts and the server', () => {
  it('outlive the server, and pausing', async () => {
    await run('kept = 7', 'default');
    await server.leave();
    server = await startRealServer({ SANDBOX_DATA_DIR: server.dataDir, SANDBOX_EXECUTE_STATEFUL: 'true' });
    const { body } = await server.execute('u', 'kept');
    expect(body).toMatchObject({ context_restarted: false, results: [{ data: { 'text/plain': '7' } }] });
  });

  it('are dead after a stop, looked at without a start, and come back empty when they are used', async () => {
    await server.call('POST', path(), { id: 'noted', name: 'mine', cwd: '/tmp' });
    await run('kept = 1', 'noted');
    await server.call('POST', '/sandbox/u/stop');
    const noted = { id: 'noted', name: 'mine', cwd: '/tmp', language: 'python' };
    const { contexts } = (await server.call('GET', path())).body;
    expect(contexts.at(-1)).toMatchObject({ ...noted, state: 'dead' });
    expect((await server.call('GET', '/sandbox/u/status')).body).toMatchObject({ status: 'stopped' });
    const answer = await run('import os\nos.getcwd(), "kept" in dir()', 'noted');
    expect(answer).toMatchObject({ context_restarted: true, results: [{ data: { 'text/plain': "('/tmp', False)" } }] });
    expect((await server.call('GET', path('/noted'))).body).toMatchObject({ ...noted, state: 'idle' });
    expect((await server.call('DELETE', path('/noted'))).status).toBe(204);
    await server.call('POST', '/sandbox/u/stop');
    expect((await server.call('GET', path('/noted'))).status).toBe(404);
  });
});
