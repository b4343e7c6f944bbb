import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventsOf, type ServerEvent } from '../../support/event-stream.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(async () => {
  await server.close();
});

const path = (suffix = '') => `/sandbox/u/contexts${suffix}`;

const run = async (id: string, code: string, more = {}) =>
  (await server.call('POST', path(`/${id}/execute`), { code, ...more })).body;

const make = (id: string, language: string, more = {}) => server.call('POST', path(), { id, language, ...more });

/** Interrupts a cell once it has said that it runs; its events. */
const interrupted = async (id: string, code: string) => {
  const response = await fetch(`${server.url}${path(`/${id}/execute`)}`, {
    method: 'POST',
    headers: { 'x-api-key': server.apiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ code, stream: true, timeout: 60 }),
  });
  const all: ServerEvent[] = [];
  for await (const event of eventsOf(response)) {
    all.push(event);
    if (event.event === 'stdout') await server.call('POST', path(`/${id}/interrupt`));
  }
  return all;
};

afterEach(async () => {
  const { contexts } = (await server.call('GET', path())).body;
  for (const { id } of contexts) await server.call('DELETE', path(`/${id}`));
});

describe('a context of JavaScript', () => {
  it('is made by any of its names and keeps what cells declare, which may be declared anew', async () => {
    expect(await make('js', 'Node', { cwd: '/tmp', env: { MINE: '1' } })).toMatchObject({
      status: 201,
      body: { id: 'js', language: 'javascript', cwd: '/tmp', state: 'idle' },
    });
    expect(await run('js', 'let r, n, b, s, o, p, q; const x = 20; class A {}; let y')).toMatchObject({
      success: true,
      results: [],
    });
    expect(await run('js', 'const x = 21; class A {}; await Promise.resolve(x * 2)')).toMatchObject({
      results: [{ data: { 'text/plain': '42' }, is_main: true }],
      execution_count: 2,
      context_restarted: false,
      exception: null,
    });
    expect(await run('js', '({ cwd: process.cwd(), mine: process.env.MINE })')).toMatchObject({
      results: [{ data: { 'application/json': { cwd: '/tmp', mine: '1' } } }],
    });
  });

  it('requires and imports what lies in the workspace', async () => {
    await server.shell('u', "echo 'module.exports = 1' > one.cjs; echo 'export const two = 2' > two.mjs");
    await make('js', 'javascript');
    const code = "import { two } from './two.mjs';\n[require('./one.cjs'), two, (await import('./two.mjs')).two]";
    expect((await run('js', code)).results[0].data['application/json']).toEqual([1, 2, 2]);
  });

  it('tells errors with their lines and without those of the server, and lives on', async () => {
    await make('js', 'javascript');
    const thrown = await run('js', 'console.error("before")\nfunction f() { null.x }\nf()');
    const lines = [
      "TypeError: Cannot read properties of null (reading 'x')",
      '    at f (cell-1:2:21)',
      '    at cell-1:3:1',
    ];
    expect(thrown).toMatchObject({
      success: false,
      exit_code: 1,
      exception: { name: 'TypeError', value: "Cannot read properties of null (reading 'x')", traceback: lines },
      stderr: `before\n${lines.join('\n')}\n`,
    });
    expect(await run('js', 'Promise.reject(new RangeError("no")); 1')).toMatchObject({
      exception: { name: 'RangeError', value: 'no' },
    });
    expect(await run('js', 'let = 5 5')).toMatchObject({ exception: { name: 'SyntaxError' }, exit_code: 1 });
  });

  it('is interrupted, at its timeout too, and keeps its variables', async () => {
    await make('js', 'javascript');
    expect((await interrupted('js', 'var kept = 1; console.log("in"); while (true) {}')).at(-1)).toMatchObject({
      event: 'exit',
      data: { success: false, context_restarted: false },
    });
    expect(await run('js', 'await new Promise(() => {})', { timeout: 1 })).toMatchObject({
      exit_code: 124,
      timed_out: true,
      context_restarted: false,
    });
    expect(await run('js', 'kept')).toMatchObject({ results: [{ data: { 'text/plain': '1' } }] });
  });

  it('ends alone by process.exit(), which is said twice, and is restarted when it is told to', async () => {
    await make('js', 'javascript');
    expect(await run('js', 'console.log("bye"); process.exit(3)')).toMatchObject({
      output: 'bye\n',
      exit_code: 3,
      context_restarted: true,
    });
    expect((await server.call('GET', path('/js'))).body).toMatchObject({ state: 'dead' });
    expect(await run('js', 'var kept = 1')).toMatchObject({ success: true, context_restarted: true });
    expect((await server.call('POST', path('/js/restart'))).body).toMatchObject({ id: 'js', execution_count: 0 });
    expect(await run('js', 'typeof kept')).toMatchObject({
      context_restarted: true,
      results: [{ data: { 'text/plain': "'undefined'" } }],
    });
  });
});

describe('a context of TypeScript', () => {
  it('keeps what cells declare and import, shows values, and imports files of types from its folder', async () => {
    await server.shell('u', "echo 'export const twice = (n: number): number => n * 2;' > twice.ts");
    expect(await make('ts', 'TS')).toMatchObject({ status: 201, body: { language: 'typescript' } });
    const declared = [
      "import path from 'node:path';",
      "import { twice } from './twice';",
      "import type { Missing } from './missing';",
      'interface Named { name: string }',
      'enum Size { Small, Large }',
      'let n: number = await Promise.resolve(twice(21)) as number;',
    ].join('\n');
    expect(await run('ts', declared)).toMatchObject({ success: true, results: [], stderr: '' });
    expect(await run('ts', "[n, Size[1], path.basename('/a/b'), (await import('./twice.ts')).twice(1)]")).toMatchObject(
      {
        results: [{ data: { 'application/json': [42, 'Large', 'b', 2] }, is_main: true }],
        execution_count: 2,
      },
    );
    expect(await run('ts', '{ a: n as number }')).toMatchObject({
      results: [{ data: { 'application/json': { a: 42 } } }],
    });
  });

  it('tells errors with the lines that were written, also of what is no TypeScript', async () => {
    await make('ts', 'typescript');
    const thrown = await run(
      'ts',
      '// one\n\ninterface A {}\nfunction f(a?: A): never { throw new TypeError(`no`) }\nf()',
    );
    expect(thrown.exception).toEqual({
      name: 'TypeError',
      value: 'no',
      traceback: ['TypeError: no', '    at f (cell-1:4:34)', '    at cell-1:5:1'],
    });
    expect((await run('ts', 'let a = 1\nlet b: = 2')).exception).toEqual({
      name: 'SyntaxError',
      value: 'Unexpected "="',
      traceback: ['line 2', 'let b: = 2', '       ^', 'SyntaxError: Unexpected "="'],
    });
    expect(await run('ts', '1 as number', { silent: true })).toMatchObject({ success: true, results: [] });
  });
});

describe('a context of bash', () => {
  it('keeps variables, functions, its folder and its environment, with outputs apart', async () => {
    expect(await make('sh', 'shell')).toMatchObject({ status: 201, body: { language: 'bash', cwd: '/workspace' } });
    expect(await run('sh', 'x=5; f() { echo "f $1"; }; cd /tmp; export MINE=1')).toMatchObject({ success: true });
    const code = 'echo "$x $(f 1) $PWD"; python3 -c "import os; print(os.environ[\'MINE\'])"; echo err >&2; (exit 7)';
    expect(await run('sh', code)).toMatchObject({
      output: '5 f 1 /tmp\n1\n',
      stderr: 'err\n',
      exit_code: 7,
      success: false,
      execution_count: 2,
      results: [],
      exception: null,
    });
  });

  it('has errors for what is not finished, and nobody who types', async () => {
    await make('sh', 'bash');
    const cut = await run('sh', 'echo "a');
    expect(cut).toMatchObject({ exit_code: 2, output: '' });
    expect(cut.error).toContain('unexpected EOF while looking for matching');
    expect(await run('sh', 'cat; cat <<EOF\nthere $((1 + 1))\nEOF')).toMatchObject({
      output: 'there 2\n',
      exit_code: 0,
    });
  });

  it('is interrupted, at its timeout too, and keeps its variables', async () => {
    await make('sh', 'bash');
    const all = await interrupted('sh', 'kept=1; echo in; sleep 60; echo after');
    expect(all.at(-1)).toMatchObject({ event: 'exit', data: { exit_code: 130, context_restarted: false } });
    expect(await run('sh', 'while :; do :; done', { timeout: 1 })).toMatchObject({
      exit_code: 124,
      timed_out: true,
      context_restarted: false,
    });
    expect(await run('sh', 'echo $kept')).toMatchObject({ output: '1\n' });
  });

  it('ends alone by exit, which is said twice', async () => {
    await make('sh', 'bash');
    expect(await run('sh', 'echo bye; exit 4')).toMatchObject({
      output: 'bye\n',
      exit_code: 4,
      context_restarted: true,
    });
    expect(await run('sh', 'echo "[$x]"')).toMatchObject({ output: '[]\n', context_restarted: true });
  });

  it('takes no input when it is streamed', async () => {
    await make('sh', 'bash');
    const all = await interrupted('sh', 'echo in; sleep 60');
    expect(all.map(({ event }) => event)).toEqual(['start', 'stdout', 'exit']);
    const { process_id: id } = all[0]?.data ?? {};
    const answer = await server.call('POST', `/sandbox/u/processes/${id}/stdin`, 'a');
    expect(answer.status).toBe(409);
  });
});

describe('the language of a context', () => {
  it('is that of all code in it', async () => {
    await make('sh', 'bash');
    expect((await server.execute('u', 'echo $((6 * 7))', { context: 'sh', language: 'SH' })).body.output).toBe('42\n');
    expect((await server.execute('u', 'echo $((6 * 7))', { context: 'sh' })).body.output).toBe('42\n');
    for (const [context, language] of [
      ['sh', 'python'],
      ['sh', 'js'],
      ['default', 'bash'],
    ]) {
      for (const stream of [false, true]) {
        const answer = await server.execute('u', '1', { context, language, stream });
        expect(answer.status).toBe(422);
        expect(answer.body.detail[0].loc).toEqual(['body', 'language']);
        expect(answer.body.error).toContain(`The context ${context} is one of `);
      }
    }
    expect((await make('sh', 'javascript')).status).toBe(409);
    expect((await make('sh', 'sh')).status).toBe(200);
  });

  it('is kept with its folder, which has to be there', async () => {
    const answer = await make('sh', 'bash', { cwd: '/workspace/missing' });
    expect(answer.status).toBe(422);
    expect(answer.body.detail[0].loc).toEqual(['body', 'cwd']);
    expect(answer.body.error).toBe('There is no such working folder: /workspace/missing.');
    expect((await make('sh', 'bash', { cwd: '/tmp' })).status).toBe(201);
    await server.call('POST', '/sandbox/u/stop');
    expect((await server.call('GET', path('/sh'))).body).toMatchObject({ language: 'bash', state: 'dead' });
    expect(await run('sh', 'pwd')).toMatchObject({ output: '/tmp\n', context_restarted: true });
  });

  it('outlives the server', async () => {
    await make('js', 'javascript');
    await make('sh', 'bash');
    await run('js', 'var kept = 7');
    await run('sh', 'kept=8');
    await server.leave();
    server = await startRealServer({ SANDBOX_DATA_DIR: server.dataDir });
    expect(await run('js', 'kept')).toMatchObject({ results: [{ data: { 'text/plain': '7' } }] });
    expect(await run('sh', 'echo $kept')).toMatchObject({ output: '8\n', context_restarted: false });
  });
});
