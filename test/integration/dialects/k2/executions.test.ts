import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type RealServer, startRealServer } from '../../../support/real-server.ts';

let server: RealServer;
let id: string;

beforeAll(async () => {
  server = await startRealServer();
  id = await make({});
});

afterAll(() => server.close());

async function make(body: Readonly<Record<string, unknown>>): Promise<string> {
  const made = await server.call('POST', '/sandboxes', body);
  expect(made).toMatchObject({ status: 200 });
  return made.body.sandbox_id;
}

const post = (route: string, body: unknown, sandbox = id): Promise<Answer> =>
  server.call('POST', `/sandboxes/${sandbox}/${route}`, body);

const code = async (source: string, more: Readonly<Record<string, unknown>> = {}, sandbox = id) =>
  (await post('code', { code: source, ...more }, sandbox)).body;

const command = async (line: string, more: Readonly<Record<string, unknown>> = {}, sandbox = id) =>
  (await post('command', { command: line, ...more }, sandbox)).body;

describe('code of a K2 client', () => {
  it('shows what was printed as lines without a line feed, and as text where there is no value', async () => {
    const before = Date.now() / 1000;
    const answer = await code('print("one")\nimport sys; print("two", file=sys.stderr)\nprint("three\\n")', {
      language: 'Python',
    });
    expect(answer).toMatchObject({ text: 'one\nthree\n\n', results: [], error: null });
    expect(answer.logs.stdout.map((each: { line: string }) => each.line)).toEqual(['one', 'three', '']);
    expect(answer.logs.stderr).toEqual([{ line: 'two', error: true, timestamp: expect.any(Number) }]);
    for (const { timestamp } of answer.logs.stdout) {
      expect(timestamp).toBeGreaterThan(before);
      expect(timestamp).toBeLessThan(Date.now() / 1000 + 1);
    }
    expect(Date.parse(answer.finished_at)).toBeGreaterThanOrEqual(Date.parse(answer.created_at));
  });

  it('keeps its variables from call to call, and has the value of the last expression as text', async () => {
    await code('x = 20');
    expect(await code('print("aside")\nx + 1')).toMatchObject({
      text: '21',
      results: [
        { type: 'text/plain', mime_type: 'text/plain', value: '21', text: '21', html: null, png: null, raw: null },
      ],
    });
    expect(await code('None')).toMatchObject({ text: null, results: [], error: null });
  });

  it('gets figures as PNG in base64', async () => {
    const { results } = await code('import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()');
    const figure = results.find((each: { type: string }) => each.type === 'image/png');
    expect(figure).toMatchObject({ mime_type: 'image/png', value: figure.png });
    expect(Buffer.from(figure.png, 'base64').subarray(1, 4).toString()).toBe('PNG');
  });

  it('gets an exception apart from what was printed', async () => {
    const answer = await code('print("before")\n1 / 0');
    expect(answer).toMatchObject({
      error: { name: 'ZeroDivisionError', value: 'division by zero', traceback: expect.any(Array) },
      logs: { stdout: [{ line: 'before' }], stderr: [] },
    });
    expect(answer.error.traceback.join('\n')).toContain('1 / 0');
  });

  it('is told of a timeout with what was printed, and its variables stay', async () => {
    await code('kept = 1');
    const answer = await code('print("begun", flush=True)\nimport time; time.sleep(60)', { timeout: 2.5 });
    expect(answer).toMatchObject({ error: { name: 'TimeoutError' }, logs: { stdout: [{ line: 'begun' }] } });
    expect(await code('kept')).toMatchObject({ text: '1' });
  });

  it('ends with sys.exit(), and not the sandbox', async () => {
    expect(await code('import sys; sys.exit(3)')).toMatchObject({ error: { name: 'SystemExit', value: '3' } });
    expect(await code('print("still here")')).toMatchObject({ text: 'still here\n', error: null });
  });

  it('has envs and cwd for one call alone, also after an exception and a timeout', async () => {
    const scope = { envs: { FOR_THIS: 'call' }, cwd: '/tmp' };
    const look = 'import os; print(os.environ.get("FOR_THIS"), os.getcwd())';
    await code('import os; os.environ["MINE"] = "stays"', scope);
    expect((await code(look, scope)).text).toBe('call /tmp\n');
    expect((await code(look)).text).toBe('None /home/user\n');
    await code('1 / 0', scope);
    expect((await code(look)).text).toBe('None /home/user\n');
    await code('import time; time.sleep(60)', { ...scope, timeout: 0.5 });
    expect((await code(look)).text).toBe('None /home/user\n');
    expect((await code('os.environ["MINE"]')).text).toBe("'stays'");
    expect((await code('1', { cwd: '/nowhere' })).error).toMatchObject({ name: 'FileNotFoundError' });
    expect((await code('1', { cwd: '/nowhere' })).error.value).toContain('/nowhere');
  });

  it('has JavaScript and bash too, each with variables that live on', async () => {
    const js = { language: 'JavaScript' };
    await code('const before = [1, 2]', js);
    expect(await code('before.length + 40', js)).toMatchObject({ text: '42', error: null });
    expect(await code('console.log("one"); console.error("two")', js)).toMatchObject({
      text: 'one\n',
      logs: { stdout: [{ line: 'one' }], stderr: [{ line: 'two', error: true }] },
    });
    expect(await code('null.x', js)).toMatchObject({ error: { name: 'TypeError', traceback: expect.any(Array) } });
    await code('kept=here', { language: 'bash' });
    expect(await code('echo "$kept"; false', { language: 'BASH' })).toMatchObject({
      text: 'here\n',
      error: { name: 'CommandFailed', value: 'Exit code 1', traceback: null },
    });
    expect(await code('before', { language: 'python' })).toMatchObject({ error: { name: 'NameError' } });
  });

  it.each([
    [
      'javascript',
      'console.log(process.env.FOR_THIS, process.env.TOO, process.cwd())',
      'undefined',
      'throw 1',
      'for (;;);',
    ],
    ['bash', 'echo "$(printenv FOR_THIS || echo undefined) $TOO $(pwd)"', 'undefined', 'false', 'sleep 60'],
  ])('has envs and cwd for one call alone in %s', async (language, look, absent, failure, forever) => {
    const own = await make({ envs: { TOO: "the sandbox's" } });
    const scope = { language, envs: { FOR_THIS: "it's", TOO: 'the call’s' }, cwd: '/tmp' };
    const said = async (more: Readonly<Record<string, unknown>>) => (await code(look, { language, ...more }, own)).text;
    expect(await said(scope)).toBe("it's the call’s /tmp\n");
    const after = `${absent} the sandbox's /home/user\n`;
    expect(await said({})).toBe(after);
    expect((await code(failure, scope, own)).error).not.toBeNull();
    expect(await said({})).toBe(after);
    expect((await code(forever, { ...scope, timeout: 0.5 }, own)).error).toMatchObject({ name: 'TimeoutError' });
    expect(await said({})).toBe(after);
    const nowhere = await code(look, { ...scope, cwd: '/nowhere' }, own);
    expect(nowhere.error).not.toBeNull();
    expect(JSON.stringify(nowhere)).toContain('/nowhere');
    expect(await said({})).toBe(after);
  });

  it('runs calls one after the other, whatever each has for itself', async () => {
    const look = 'import os, time; time.sleep(0.05); print(os.environ.get("WHICH"))';
    const calls = ['a', null, 'b', null].map((which) => code(look, which ? { envs: { WHICH: which } } : {}));
    expect((await Promise.all(calls)).map(({ text }) => text)).toEqual(['a\n', 'None\n', 'b\n', 'None\n']);
  });

  it('refuses a language that nobody knows, and names it', async () => {
    expect(await post('code', { code: '1', language: 'COBOL' })).toMatchObject({
      status: 400,
      body: { detail: 'Unsupported language: COBOL' },
    });
  });
});

describe('the run_code of the later K2 SDK', () => {
  async function lines(body: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>[]> {
    const answer = await fetch(`${server.url}/sandboxes/${id}/services/49999/execute`, {
      method: 'POST',
      headers: { 'x-api-key': server.apiKey, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
    return (await answer.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  it('reads a line of JSON for each thing that the code did', async () => {
    const env_vars = { FOR_THIS: 'call' };
    const code = 'import os; print("one"); print(os.environ["FOR_THIS"])\n"it" + "self"';
    expect(await lines({ code, env_vars })).toEqual([
      { type: 'number_of_executions', execution_count: expect.any(Number) },
      { type: 'stdout', text: 'one\ncall\n', timestamp: expect.any(String) },
      { type: 'result', text: 'itself', is_main_result: true },
      { type: 'end_of_execution' },
    ]);
  });

  it('shares its variables with code, and reads what went wrong', async () => {
    await code('shared = 1');
    const told = await lines({ code: 'shared / 0', language: 'PYTHON' });
    expect(told.slice(1)).toEqual([
      {
        type: 'error',
        name: 'ZeroDivisionError',
        value: 'division by zero',
        traceback: expect.stringContaining('shared / 0'),
      },
      { type: 'end_of_execution' },
    ]);
    expect(await post('services/49999/execute', { code: '1', language: 'COBOL' })).toMatchObject({ status: 400 });
  });
});

describe('commands of a K2 client', () => {
  it('run in a shell, in a folder and with variables of their own', async () => {
    expect(await command('echo $A | tr a-z A-Z; pwd', { cwd: '/tmp', envs: { A: 'x' } })).toMatchObject({
      stdout: 'X\n/tmp\n',
      stderr: '',
      exit_code: 0,
      execution_time: expect.any(Number),
    });
    expect((await command('mkdir -p inner; pwd')).stdout).toBe('/home/user\n');
    expect((await command('pwd', { cwd: 'inner' })).stdout).toBe('/home/user/inner\n');
  });

  it('end with 124 at their timeout, with what they wrote', async () => {
    expect(await command('echo begun; sleep 60', { timeout: 2.5 })).toMatchObject({
      exit_code: 124,
      stdout: 'begun\n',
    });
  });

  it('fail in a folder that is not there, which is named', async () => {
    const answer = await post('command', { command: 'pwd', cwd: '/nowhere' });
    expect(answer.status >= 400 || answer.body.exit_code !== 0).toBe(true);
    expect(JSON.stringify(answer.body)).toContain('/nowhere');
  });
});
