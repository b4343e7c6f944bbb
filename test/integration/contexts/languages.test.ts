import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ContextClient } from '../../support/context-client.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;
let contexts: ContextClient;

beforeAll(async () => {
  server = await startRealServer();
  contexts = new ContextClient(server);
});

afterAll(async () => {
  await server.close();
});

afterEach(() => contexts.deleteAll());

describe('a context of JavaScript', () => {
  it('is made by any of its names and keeps what cells declare, which may be declared anew', async () => {
    expect(await contexts.make('js', 'Node', { cwd: '/tmp', env: { MINE: '1' } })).toMatchObject({
      status: 201,
      body: { id: 'js', language: 'javascript', cwd: '/tmp', state: 'idle' },
    });
    expect(await contexts.run('js', 'let r, n, b, s, o, p, q; const x = 20; class A {}; let y')).toMatchObject({
      success: true,
      results: [],
    });
    expect(await contexts.run('js', 'const x = 21; class A {}; await Promise.resolve(x * 2)')).toMatchObject({
      results: [{ data: { 'text/plain': '42' }, is_main: true }],
      execution_count: 2,
      context_restarted: false,
      exception: null,
    });
    expect(await contexts.run('js', '({ cwd: process.cwd(), mine: process.env.MINE })')).toMatchObject({
      results: [{ data: { 'application/json': { cwd: '/tmp', mine: '1' } } }],
    });
  });

  it('requires and imports what lies in the workspace', async () => {
    await server.shell('u', "echo 'module.exports = 1' > one.cjs; echo 'export const two = 2' > two.mjs");
    await contexts.make('js', 'javascript');
    const code = "import { two } from './two.mjs';\n[require('./one.cjs'), two, (await import('./two.mjs')).two]";
    expect((await contexts.run('js', code)).results[0].data['application/json']).toEqual([1, 2, 2]);
  });

  it('tells errors with their lines and without those of the server, and lives on', async () => {
    await contexts.make('js', 'javascript');
    const thrown = await contexts.run('js', 'console.error("before")\nfunction f() { null.x }\nf()');
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
    expect(await contexts.run('js', 'Promise.reject(new RangeError("no")); 1')).toMatchObject({
      exception: { name: 'RangeError', value: 'no' },
    });
    expect(await contexts.run('js', 'let = 5 5')).toMatchObject({ exception: { name: 'SyntaxError' }, exit_code: 1 });
  });

  it('is interrupted, at its timeout too, and keeps its variables', async () => {
    await contexts.make('js', 'javascript');
    expect((await contexts.interrupted('js', 'var kept = 1; console.log("in"); while (true) {}')).at(-1)).toMatchObject(
      {
        event: 'exit',
        data: { success: false, context_restarted: false },
      },
    );
    expect(await contexts.run('js', 'await new Promise(() => {})', { timeout: 1 })).toMatchObject({
      exit_code: 124,
      timed_out: true,
      context_restarted: false,
    });
    expect(await contexts.run('js', 'kept')).toMatchObject({ results: [{ data: { 'text/plain': '1' } }] });
  });

  it('ends alone by process.exit(), which is said twice, and is restarted when it is told to', async () => {
    await contexts.make('js', 'javascript');
    expect(await contexts.run('js', 'console.log("bye"); process.exit(3)')).toMatchObject({
      output: 'bye\n',
      exit_code: 3,
      context_restarted: true,
    });
    expect((await server.call('GET', contexts.path('/js'))).body).toMatchObject({ state: 'dead' });
    expect(await contexts.run('js', 'var kept = 1')).toMatchObject({ success: true, context_restarted: true });
    expect((await server.call('POST', contexts.path('/js/restart'))).body).toMatchObject({
      id: 'js',
      execution_count: 0,
    });
    expect(await contexts.run('js', 'typeof kept')).toMatchObject({
      context_restarted: true,
      results: [{ data: { 'text/plain': "'undefined'" } }],
    });
  });
});

describe('a context of TypeScript', () => {
  it('keeps what cells declare and import, shows values, and imports files of types from its folder', async () => {
    await server.shell('u', "echo 'export const twice = (n: number): number => n * 2;' > twice.ts");
    expect(await contexts.make('ts', 'TS')).toMatchObject({ status: 201, body: { language: 'typescript' } });
    const declared = [
      "import path from 'node:path';",
      "import { twice } from './twice';",
      "import type { Missing } from './missing';",
      'interface Named { name: string }',
      'enum Size { Small, Large }',
      'let n: number = await Promise.resolve(twice(21)) as number;',
    ].join('\n');
    expect(await contexts.run('ts', declared)).toMatchObject({ success: true, results: [], stderr: '' });
    expect(
      await contexts.run('ts', "[n, Size[1], path.basename('/a/b'), (await import('./twice.ts')).twice(1)]"),
    ).toMatchObject({
      results: [{ data: { 'application/json': [42, 'Large', 'b', 2] }, is_main: true }],
      execution_count: 2,
    });
    expect(await contexts.run('ts', '{ a: n as number }')).toMatchObject({
      results: [{ data: { 'application/json': { a: 42 } } }],
    });
  });

  it('tells errors with the lines that were written, also of what is no TypeScript', async () => {
    await contexts.make('ts', 'typescript');
    const thrown = await contexts.run(
      'ts',
      '// one\n\ninterface A {}\nfunction f(a?: A): never { throw new TypeError(`no`) }\nf()',
    );
    expect(thrown.exception).toEqual({
      name: 'TypeError',
      value: 'no',
      traceback: ['TypeError: no', '    at f (cell-1:4:34)', '    at cell-1:5:1'],
    });
    expect((await contexts.run('ts', 'let a = 1\nlet b: = 2')).exception).toEqual({
      name: 'SyntaxError',
      value: 'Unexpected "="',
      traceback: ['line 2', 'let b: = 2', '       ^', 'SyntaxError: Unexpected "="'],
    });
    expect(await contexts.run('ts', '1 as number', { silent: true })).toMatchObject({ success: true, results: [] });
  });
});

describe('the language of a context', () => {
  it('is that of all code in it', async () => {
    await contexts.make('sh', 'bash');
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
    expect((await contexts.make('sh', 'javascript')).status).toBe(409);
    expect((await contexts.make('sh', 'sh')).status).toBe(200);
  });

  it('is kept with its folder, which has to be there', async () => {
    const answer = await contexts.make('sh', 'bash', { cwd: '/workspace/missing' });
    expect(answer.status).toBe(422);
    expect(answer.body.detail[0].loc).toEqual(['body', 'cwd']);
    expect(answer.body.error).toBe('There is no such working folder: /workspace/missing.');
    expect((await contexts.make('sh', 'bash', { cwd: '/tmp' })).status).toBe(201);
    await server.call('POST', '/sandbox/u/stop');
    expect((await server.call('GET', contexts.path('/sh'))).body).toMatchObject({ language: 'bash', state: 'dead' });
    expect(await contexts.run('sh', 'pwd')).toMatchObject({ output: '/tmp\n', context_restarted: true });
  });

  it('outlives the server', async () => {
    await contexts.make('js', 'javascript');
    await contexts.make('sh', 'bash');
    await contexts.run('js', 'var kept = 7');
    await contexts.run('sh', 'kept=8');
    await server.leave();
    server = await startRealServer({ SANDBOX_DATA_DIR: server.dataDir });
    contexts = new ContextClient(server);
    expect(await contexts.run('js', 'kept')).toMatchObject({ results: [{ data: { 'text/plain': '7' } }] });
    expect(await contexts.run('sh', 'echo $kept')).toMatchObject({ output: '8\n', context_restarted: false });
  });
});
