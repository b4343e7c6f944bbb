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

  it('ends JavaScript at its timeout', async () => {
    expect(await run('javascript', 'setInterval(() => {}, 1000)', { timeout: 1 })).toMatchObject({
      timed_out: true,
      exit_code: 124,
    });
  });
});
