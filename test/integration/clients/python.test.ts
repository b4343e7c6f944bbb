import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { examplesIn, withText } from '../../support/recipe.ts';

const run = promisify(execFile);
const CLIENT = new URL('../../../clients/python', import.meta.url).pathname;
/** Debian's own, for which the packages are installed. */
const PYTHON = '/usr/bin/python3';

let server: RealServer;
let folder: string;

beforeAll(async () => {
  server = await startRealServer();
  folder = await mkdtemp(join(tmpdir(), 'clara-python-'));
});
afterAll(async () => {
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

async function python(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const env = {
    ...process.env,
    CLARA_URL: server.url,
    SANDBOX_API_KEY: server.apiKey,
    PICTURE: join(folder, 'plot.png'),
    PYTHONPATH: CLIENT,
    PYTHONDONTWRITEBYTECODE: '1',
  };
  return await run(PYTHON, args, { cwd: CLIENT, env });
}

it('the client without async is what is made of the one with', async () => {
  expect((await python('tools/make_sync.py', '--check')).stdout).toBe('');
});

it('its own tests pass against a running server', async () => {
  const { stderr } = await python('-m', 'unittest', 'discover', '-s', 'tests');
  expect(stderr).toMatch(/^Ran [1-9]\d* tests/m);
  expect(stderr).toMatch(/^OK$/m);
}, 180_000);

it('the examples of its README work as they stand', async () => {
  const examples = await examplesIn('clients/python/README.md', 'python');
  expect(examples).toHaveLength(1);
  for (const example of examples) {
    const code = withText(withText(example, 'http://localhost:8080', server.url), '"…"', JSON.stringify(server.apiKey));
    expect((await python('-c', code)).stdout).toBe('42\n\n21\n1\n2\n3\n');
  }
});

it('its examples work as they stand', async () => {
  expect((await python('examples/stream.py')).stdout).toBe('1\n2\n3\n');
  expect((await python('examples/pictures.py')).stdout).toMatch(/^\d+ bytes of PNG$/m);
  expect((await readFile(join(folder, 'plot.png'))).subarray(1, 4).toString()).toBe('PNG');
}, 120_000);
