import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(async () => {
  await server.close();
});

const run = async (language: string | null, code: string, more = {}) =>
  (await server.execute('u', code, { language, ...more })).body;

describe('the language of execute', () => {
  it.each([
    [null, 'print(6 * 7)'],
    ['Python3', 'print(6 * 7)'],
    ['py', 'print(6 * 7)'],
    ['javascript', 'console.log(6 * 7)'],
    ['JS', 'console.log(6 * 7)'],
    ['node', 'console.log(6 * 7)'],
    ['bash', 'echo $((6 * 7))'],
    ['sh', 'echo $((6 * 7))'],
    ['shell', 'echo $((6 * 7))'],
  ])('%s runs', async (language, code) => {
    expect(await run(language, code)).toMatchObject({ success: true, output: '42\n', exit_code: 0 });
  });

  it('runs JavaScript in the workspace to its letter, with require, its own exit code and any length', async () => {
    const code =
      "const path = require('path');\nconsole.log(path.basename(process.cwd()), `$HOME \\\\`, 1 + 1);\nprocess.exit(7)";
    expect(await run('javascript', code)).toMatchObject({ output: 'workspace $HOME \\ 2\n', exit_code: 7 });
    const long = `console.log(${JSON.stringify('x'.repeat(300_000))}.length)`;
    expect(await run('javascript', long)).toMatchObject({ output: '300000\n' });
    const thrown = await run('javascript', "throw new TypeError('no')");
    expect(thrown).toMatchObject({ success: false, exit_code: 1 });
    expect(thrown.error).toContain('TypeError: no');
  });

  it('runs TypeScript as a module: types, enums, imports from its folder, top-level await, require and its own lines', async () => {
    await server.shell('u', "echo 'export const twice = (n: number): number => n * 2;' > twice.ts");
    const code = [
      "import path from 'node:path';",
      "import { twice } from './twice';",
      "import type { Missing } from './missing';",
      'interface Named { name: string }',
      'enum Size { Small, Large }',
      'class Cup<T> { constructor(private readonly size: Size, public held?: T) {} get name() { return Size[this.size]; } }',
      "const named: Named = await Promise.resolve({ name: 'tea' } satisfies Named);",
      "const { cpus } = require('node:os') as typeof import('node:os');",
      'if (require.main === module) console.log(new Cup<string>(Size.Large).name, named.name, twice(21), typeof cpus);',
      'console.log(path.basename(process.cwd()), `$HOME \\\\ "\'`);',
      'process.exit(7);',
    ].join('\n');
    expect(await run('TS', code)).toMatchObject({
      output: 'Large tea 42 function\nworkspace $HOME \\ "\'\n',
      stderr: '',
      exit_code: 7,
    });
    const wrong = await run('typescript', 'const a: number = 1;\nlet b: = 2;');
    expect(wrong).toMatchObject({ success: false, exit_code: 1, output: '' });
    expect(wrong.stderr).toContain('main.ts:2:7');
    const thrown = await run('typescript', "\n\nfunction f(a: string): never { throw new TypeError(a); }\nf('no');");
    expect(thrown).toMatchObject({ success: false, exit_code: 1 });
    expect(thrown.error).toContain('TypeError: no');
  });

  it('runs what is on the PATH of the sandbox, and refuses by name what its image lacks', async () => {
    for (const [language, program] of [
      ['ruby', 'ruby'],
      ['Golang', 'go'],
      ['R', 'Rscript'],
      ['java', 'java'],
      ['deno', 'deno'],
    ]) {
      for (const stream of [false, true]) {
        const answer = await server.execute('u', '1', { language, stream });
        expect(answer.status).toBe(422);
        expect(answer.body.detail[0].loc).toEqual(['body', 'language']);
        expect(answer.body.error).toContain(`Its image has no ${program}.`);
      }
    }
    await server.shell(
      'u',
      'mkdir -p /packages/bin; printf \'#!/bin/sh\\necho "ruby $(cat)"\\n\' > /packages/bin/ruby; chmod +x /packages/bin/ruby',
    );
    expect(await run('ruby', 'puts 1')).toMatchObject({ success: true, output: 'ruby puts 1\n' });
    const { languages } = (await server.call('GET', '/info')).body;
    expect(languages).toEqual(['python', 'javascript', 'typescript', 'bash']);
  });

  it('ends JavaScript at its timeout', async () => {
    expect(await run('javascript', 'setInterval(() => {}, 1000)', { timeout: 1 })).toMatchObject({
      timed_out: true,
      exit_code: 124,
    });
  });
});
