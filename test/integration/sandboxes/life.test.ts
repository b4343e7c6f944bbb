import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { containersOf } from '../../support/engine-view.ts';
import { type RealServer, removeAll, startRealServer } from '../../support/real-server.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { until } from '../../support/until.ts';

const run = promisify(execFile);

/** A server in a process of its own loads all that it has, for seconds of the CPU on a busy machine; these tests start two. In milliseconds. */
const TWO_STARTS = { timeout: 180_000 };

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(variables: Readonly<Record<string, string>> = {}): Promise<RealServer> {
  const server = await startRealServer(variables);
  closers.push(() => server.close());
  return server;
}

async function dataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clara-life-'));
  closers.push(() => removeAll(folder));
  return folder;
}

async function startProcess(variables: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const server = await startServerProcess(variables);
  closers.push(() => server.end('SIGKILL'));
  return server;
}

describe('kill -9 of the server while code runs', TWO_STARTS, () => {
  it('loses no file, no sandbox and no count, and leaves nothing running', async () => {
    const SANDBOX_DATA_DIR = await dataFolder();
    const first = await startProcess({ SANDBOX_DATA_DIR });
    // A create waits for longer than a call.
    await first.call('POST', '/sandbox/u/create');
    await first.call('POST', '/sandbox/u/execute', { code: "open('kept.txt', 'w').write('kept')" });
    const before = (await first.call('GET', '/sandbox/u/status')).body;
    const running = first.call('POST', '/sandbox/u/execute', { code: "import os; os.system('sleep 6661')" });
    running.catch(() => undefined);
    await first.call('POST', '/sandbox/u/shell', {
      command: 'until pgrep -x sleep -a | grep -q 6661; do sleep 0.05; done',
    });
    await first.end('SIGKILL');
    await expect(running).rejects.toThrow();

    const second = await startProcess({ SANDBOX_DATA_DIR });
    const after = (await second.call('GET', '/sandbox/u/status')).body;
    expect(after).toMatchObject({
      status: 'running',
      container_id: before.container_id,
      created_at: before.created_at,
    });
    expect((await second.call('GET', '/sandbox/u/file?path=kept.txt')).body).toMatchObject({ content: 'kept' });
    expect((await second.call('GET', '/info')).body).toMatchObject({ active_sandboxes: 1 });
    const gone = await second.call('POST', '/sandbox/u/shell', {
      command: 'while pgrep -x sleep -a | grep -q 6661; do sleep 0.05; done; echo gone',
    });
    expect(gone.body).toMatchObject({ output: 'gone\n' });
    expect(await containersOf(SANDBOX_DATA_DIR)).toHaveLength(1);
  });
});

describe('SIGTERM', TWO_STARTS, () => {
  it('ends the server with code 0 and leaves its sandboxes running', async () => {
    const SANDBOX_DATA_DIR = await dataFolder();
    const first = await startProcess({ SANDBOX_DATA_DIR });
    await first.call('POST', '/sandbox/u/create');
    await first.call('POST', '/sandbox/u/shell', { command: 'nohup sleep 5551 >/dev/null 2>&1 &' });
    expect(await first.end('SIGTERM')).toBe(0);
    const second = await startProcess({ SANDBOX_DATA_DIR });
    const found = await second.call('POST', '/sandbox/u/shell', { command: 'pgrep -x sleep -a | grep 5551' });
    expect(found.body).toMatchObject({ success: true });
  });
});

describe('SIGTERM while code runs for longer than a stop may take', TWO_STARTS, () => {
  it('answers the call, loses no count, and leaves nothing of the pool', async () => {
    const SANDBOX_DATA_DIR = await dataFolder();
    const first = await startProcess({ SANDBOX_DATA_DIR, SANDBOX_POOL_SIZE: '1' });
    await first.call('POST', '/sandbox/u/create');
    const running = first.call('POST', '/sandbox/u/shell', { command: 'echo begun; sleep 2221', timeout: 300 });
    await first.call('POST', '/sandbox/u/shell', {
      command: 'until pgrep -x sleep -a | grep -q 2221; do sleep 0.05; done',
    });
    await until('the pool is filled', async () => (await first.call('GET', '/info')).body.pooled_sandboxes === 1);
    const ended = first.end('SIGTERM');
    expect(await running).toMatchObject({
      status: 200,
      body: { success: false, output: 'begun\n', error: expect.stringMatching(/^The server was stopped/) },
    });
    expect(await ended).toBe(0);
    expect(await containersOf(SANDBOX_DATA_DIR)).toHaveLength(1);
    const second = await startProcess({ SANDBOX_DATA_DIR });
    expect((await second.call('GET', '/sandbox/u/status')).body).toMatchObject({ execution_count: 2 });
  });
});

describe('two servers with different data folders', () => {
  it('do not touch each other’s sandboxes', async () => {
    const one = await start();
    const other = await start();
    for (const server of [one, other])
      await server.execute('same', `open('who.txt', 'w').write(${JSON.stringify(server.dataDir)})`);
    expect((await one.execute('same', "print(open('who.txt').read())")).body.output).toBe(`${one.dataDir}\n`);
    await other.call('DELETE', '/sandbox/same');
    expect((await one.call('GET', '/sandbox/same/status')).body.status).toBe('running');
    expect(await containersOf(one.dataDir)).toHaveLength(1);
    expect(await containersOf(other.dataDir)).toHaveLength(0);
  });
});

describe('a sandbox', () => {
  it('keeps its files through stop, restart and delete with create', async () => {
    const server = await start();
    await server.execute('u', "open('a.txt', 'w').write('kept')");
    const content = async () => (await server.execute('u', "print(open('a.txt').read())")).body.output;
    expect((await server.call('POST', '/sandbox/u/stop')).body).toEqual({ status: 'stopped' });
    expect(await content()).toBe('kept\n');
    expect((await server.call('POST', '/sandbox/u/restart')).body).toMatchObject({ status: 'running' });
    expect(await content()).toBe('kept\n');
    expect((await server.call('DELETE', '/sandbox/u')).body).toEqual({ status: 'deleted', files_preserved: true });
    expect(await containersOf(server.dataDir)).toEqual([]);
    expect(await content()).toBe('kept\n');
  });

  it('shows its live memory and CPU', async () => {
    const server = await start();
    await server.call('POST', '/sandbox/u/create');
    const busy = server.execute(
      'u',
      "import os\nblock = bytearray(100_000_000)\nwhile not os.path.exists('seen'): pass",
      { timeout: 300 },
    );
    let { body } = await server.call('GET', '/sandbox/u/status');
    // Its share of a machine that others keep busy is small.
    while (body.cpu_percent < 3 || body.memory_usage_mb < 90)
      ({ body } = await server.call('GET', '/sandbox/u/status'));
    expect(body).toMatchObject({ user_id: 'u', status: 'running' });
    expect(body.container_id).toMatch(/^[0-9a-f]{12}$/);
    expect(body.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    await server.shell('u', 'touch seen');
    await busy;
  });

  it('is paused when idle, then stopped, and wakes with its files and processes as far as each allows', async () => {
    const SANDBOX_DATA_DIR = await dataFolder();
    const untilStatus = (from: RealServer, wanted: string) =>
      until(`the sandbox is ${wanted}`, async () => {
        return (await from.call('GET', '/sandbox/u/status')).body.status === wanted;
      });
    // Each by a server of its own: between a pause and a stop a look that comes late would find neither.
    const server = await startRealServer({ SANDBOX_DATA_DIR, SANDBOX_PAUSE_AFTER: '1' });
    closers.push(() => server.leave());
    await server.shell('u', 'nohup sleep 4441 >/dev/null 2>&1 & echo kept > a.txt');
    await untilStatus(server, 'paused');
    expect((await server.call('GET', '/sandbox/u/status')).body.memory_usage_mb).toBeGreaterThan(1);
    expect((await server.shell('u', 'cat a.txt; pgrep -x sleep -a | grep 4441')).body.output).toMatch(
      /^kept\n\d+ sleep 4441\n$/,
    );
    await server.leave();
    const second = await startRealServer({ SANDBOX_DATA_DIR, SANDBOX_PAUSE_AFTER: '0', SANDBOX_DOCKER_TIMEOUT: '1' });
    closers.push(() => second.leave());
    await untilStatus(second, 'stopped');
    expect((await second.shell('u', 'cat a.txt')).body.output).toBe('kept\n');
  });

  it('that works in the background is not paused beside one that does not, and is once its work has ended', async () => {
    const server = await start({ SANDBOX_PAUSE_AFTER: '1' });
    const stateOf = async (user: string) => (await server.call('GET', `/sandbox/${user}/status`)).body.status;
    await server.shell('busy', "nohup sh -c 'while [ ! -e done ]; do :; done' >/dev/null 2>&1 &");
    await server.shell('idle', 'nohup sleep 1000 >/dev/null 2>&1 &');
    await expect.poll(() => stateOf('idle'), { timeout: 50_000 }).toBe('paused');
    expect(await stateOf('busy')).toBe('running');
    await server.call('POST', '/sandbox/busy/file', { path: 'done', content: '' });
    await expect.poll(() => stateOf('busy'), { timeout: 50_000 }).toBe('paused');
  }, 120_000);

  it('honours image and limits, and gives a clear error where the image has no Python', async () => {
    const server = await start({ SANDBOX_DOCKER_IMAGES: '*' });
    await server.call('POST', '/sandbox/u/create', { memory_limit: '128m', cpu_limit: 0.5 });
    const { body } = await server.execute('u', "block = bytearray(300_000_000)\nprint('unreached')");
    expect(body).toMatchObject({ success: false, output: '' });
    expect((await server.execute('u', 'print(1)')).body.output).toBe('1\n');

    const empty = await imageWithout('python', '/usr/bin/python* /usr/local/bin/python*');
    const refused = await server.call('POST', '/sandbox/bare/create', { image: empty });
    expect(refused.status).toBe(422);
    expect(refused.body.error).toMatch(/python3/);
    expect((await server.call('GET', '/sandbox/bare/status')).status).toBe(404);
    expect(await containersOf(server.dataDir)).toHaveLength(1);
  });

  it('runs on as it was where a create asks for an image that cannot run', async () => {
    const server = await start({ SANDBOX_DOCKER_IMAGES: '*' });
    await server.shell('u', 'nohup sleep 3331 >/dev/null 2>&1 &');
    const images = {
      'nosuch:1': /nosuch:1 is not on this machine/,
      'Bad Image': /invalid reference format/,
      [await imageWithout('python', '/usr/bin/python* /usr/local/bin/python*')]: /python3/,
      [await imageWithout('sleep', '/usr/bin/sleep /usr/lib/clara/sandbox-init')]: /sleep/,
    };
    for (const [image, sentence] of Object.entries(images)) {
      for (const user of ['u', 'new']) {
        const refused = await server.call('POST', `/sandbox/${user}/create`, { image });
        expect(refused).toMatchObject({ status: 422, body: { error: expect.stringMatching(sentence) } });
      }
    }
    expect((await server.shell('u', 'pgrep -x sleep -a | grep -c 3331')).body.output).toBe('1\n');
    expect((await server.call('GET', '/sandbox/new/status')).status).toBe(404);
    expect(await containersOf(server.dataDir)).toHaveLength(1);
  });
});

/** The sandbox image without some of its files. */
async function imageWithout(what: string, files: string): Promise<string> {
  const tag = `clara-test-without-${what}:${process.pid}`;
  const { stdout } = await run('docker', [
    'run',
    '-d',
    '--user',
    '0',
    '--network',
    'none',
    'clara-sandbox:latest',
    'sh',
    '-c',
    `rm -f ${files}`,
  ]);
  const container = stdout.trim();
  closers.push(() => run('docker', ['rmi', '-f', tag]));
  await run('docker', ['wait', container]);
  await run('docker', ['commit', container, tag]);
  await run('docker', ['rm', '-f', '-v', container]);
  return tag;
}
