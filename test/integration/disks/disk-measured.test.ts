import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { dataFolder, LIMIT, putRaw, startLimited, WRITE_100_MB } from '../../support/limited-disk.ts';
import { plainProgram } from '../../support/plain-programs.ts';

const run = promisify(execFile);
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('a limit that is measured', () => {
  const MEASURED = { ...LIMIT, SANDBOX_DISK_MECHANISM: 'measure' };

  it('refuses writes through the API with 507 once code wrote more, until files are deleted', async () => {
    const server = await startLimited(closers, MEASURED);
    await server.call('POST', '/sandbox/u/file', { path: 'old.txt', content: 'old' });
    expect((await server.shell('u', WRITE_100_MB)).body).toMatchObject({ success: true });
    let { body } = await server.call('GET', '/sandbox/u/status');
    while (!(body.disk_usage_mb > 64)) ({ body } = await server.call('GET', '/sandbox/u/status'));
    expect(body).toMatchObject({ disk_limit_mb: 64 });
    const write = () => server.call('POST', '/sandbox/u/file', { path: 'new.txt', content: 'new' });
    const refused = await write();
    expect(refused.status).toBe(507);
    expect(refused.body.error).toBe('The sandbox is over its disk limit of 64 MiB; delete files, then try again.');
    expect((await putRaw(server, 'u', 'raw', 10)).status).toBe(507);
    expect((await server.call('POST', '/sandbox/u/unzip', { path: 'a.zip' })).status).toBe(507);
    expect((await server.call('POST', '/sandbox/u/pip/install', { package: 'x' })).status).toBe(507);
    expect((await server.call('GET', '/sandbox/u/file?path=old.txt')).body).toMatchObject({ content: 'old' });
    expect((await server.call('POST', '/sandbox/v/file', { path: 'new.txt', content: 'new' })).status).toBe(200);
    expect((await server.shell('u', 'rm big')).body).toMatchObject({ success: true });
    expect((await write()).status).toBe(200);
  });

  it('is what a sandbox from before keeps, with its folder and files', async () => {
    const first = await startLimited(closers, { SANDBOX_DISK_LIMIT: '0' });
    await first.shell('u', `echo kept > a.txt; ${WRITE_100_MB}`);
    await first.leave();
    const second = await startLimited(closers, { ...LIMIT, SANDBOX_DATA_DIR: first.dataDir });
    expect((await second.shell('u', 'cat a.txt')).body.output).toBe('kept\n');
    expect((await second.call('POST', '/sandbox/u/file', { path: 'b', content: 'b' })).status).toBe(507);
    expect((await second.shell('new', WRITE_100_MB)).body.error).toMatch(/No space left/);
  });
});

describe('a server whose mounts the engine does not see', () => {
  const command = async () => ['--mount', process.execPath, await plainProgram('src/main.ts')];

  async function environment(variables: Readonly<Record<string, string>>): Promise<NodeJS.ProcessEnv> {
    const own = { SANDBOX_API_KEY: 'key-for-these-tests', SANDBOX_API_HOST: '127.0.0.1', SANDBOX_API_PORT: '0' };
    const SANDBOX_DATA_DIR = await dataFolder(closers);
    return { ...process.env, ...own, SANDBOX_POOL_SIZE: '0', SANDBOX_NETWORK: 'none', SANDBOX_DATA_DIR, ...variables };
  }

  it('does not start where images are asked for', async () => {
    const env = await environment({ ...LIMIT, SANDBOX_DISK_MECHANISM: 'loop' });
    const ended = run('unshare', await command(), { env });
    await expect(ended).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/SANDBOX_DISK_MECHANISM=loop is impossible here: .* mount namespace/),
    });
  });

  it('says so and measures', async () => {
    const child = spawn('unshare', await command(), {
      env: await environment(LIMIT),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    let said = '';
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said.includes('Server listening')) break;
    }
    child.kill('SIGKILL');
    await ended;
    expect(said.match(/Disk usage is measured, and over 64 MiB .* impossible here: the engine/g)).toHaveLength(1);
  });
});
