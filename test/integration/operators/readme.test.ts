import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

let server: RealServer;
let folder: string;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_NETWORK: 'proxy' });
  folder = await mkdtemp(join(tmpdir(), 'clara-readme-'));
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Stands before curl: an answer of 400 or more is an error, each call a line with its exit code. */
const CURL = `#!/bin/sh
/usr/bin/curl --fail-with-body "$@"
code=$?
echo "$code $*" | tr '\\n' ' ' >> "$CALLS"
echo >> "$CALLS"
exit $code
`;

/** What curl says of a call that has taken as long as it may: those with a limit are streams without an end. */
const TIMED_OUT = '28';

/** The commands of the first block of the chapter, as they stand but for the server's address. */
async function commandsOf(chapter: string): Promise<string> {
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
  const [, block] = /```sh\n([\s\S]*?)```/.exec(readme.slice(readme.indexOf(`\n## ${chapter}\n`))) ?? [];
  if (block === undefined) throw new Error(`The chapter ${chapter} of the README has no commands.`);
  return block.replaceAll('http://localhost:8080', server.url);
}

async function runWith(script: string, calls: string): Promise<string> {
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}`, CALLS: calls };
  const shell = spawn('bash', ['-c', script], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  const [errors] = await Promise.all([shell.stderr.setEncoding('utf8').toArray(), once(shell, 'close')]);
  return errors.join('');
}

describe('the README', () => {
  it('has commands that work as they stand, one after the other', async () => {
    await writeFile(join(folder, '.env'), `SANDBOX_API_KEY=${server.apiKey}\n`);
    await writeFile(join(folder, 'curl'), CURL);
    await chmod(join(folder, 'curl'), 0o755);
    const calls = join(folder, 'calls');
    const script = await commandsOf('Use');
    expect(await runWith(script, calls)).toBe('');
    const made = (await readFile(calls, 'utf8')).trimEnd().split('\n');
    const failed = made.filter((call) => !call.startsWith(/ (-m|--max-time) \d/.test(call) ? TIMED_OUT : '0 '));
    // gVisor changes no limit of what runs.
    expect(failed.filter((call) => !(IS_GVISOR && call.includes('memory_limit')))).toEqual([]);
    expect(made.length).toBe(script.split('\n').filter((line) => /^curl|\(curl/.test(line)).length);
  }, 300_000);
});
