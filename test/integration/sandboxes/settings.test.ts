import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { containerBy, containersOf, limitsOf } from '../../support/engine-view.ts';
import { eventsOf } from '../../support/event-stream.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

const run = promisify(execFile);
let server: RealServer;

afterEach(() => server.close());

/** All that the machine has of a data folder's sandboxes: containers, mounts, loop devices, folders. */
async function traces(dataDir: string): Promise<readonly string[]> {
  const instance = await readFile(`${dataDir}/instance`, 'utf8');
  const networks = await run('docker', ['network', 'ls', '-q', '--filter', `name=clara-${instance}-`]);
  const loops = await run('losetup', ['-n', '-O', 'BACK-FILE', '-a']);
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  const lines = [loops.stdout, mounts].flatMap((text) => text.split('\n')).filter((line) => line.includes(dataDir));
  const ids = [
    ...(await containersOf(dataDir)).map(({ id }) => id),
    ...networks.stdout.split('\n').filter((line) => line !== ''),
  ];
  return [...ids, ...lines, ...(await readdir(dataDir))].sort();
}

describe('a deletion with files=true', () => {
  it.each(['loop', 'measure'])('leaves nothing on the machine, with disks of the kind %s', async (mechanism) => {
    server = await startRealServer({ SANDBOX_DISK_MECHANISM: mechanism });
    const before = await traces(server.dataDir);
    await server.shell('u', 'mkdir -p a/b && echo mine > a/b/c.txt && ln -s /etc/passwd link && chmod 000 a');
    expect((await traces(server.dataDir)).length).toBeGreaterThan(before.length);
    const purge = () => server.call('DELETE', '/sandbox/u?files=true');
    expect((await purge()).body).toEqual({ status: 'deleted', files_preserved: false });
    await expect.poll(() => traces(server.dataDir), { timeout: 30_000 }).toEqual(before);

    await server.shell('u', 'echo again > file');
    await server.call('DELETE', '/sandbox/u');
    const [kept] = (await server.call('GET', '/sandbox?state=deleted')).body.sandboxes;
    expect(kept).toMatchObject({ user_id: 'u', status: 'deleted', disk_usage_mb: expect.any(Number) });
    expect((await purge()).body).toEqual({ status: 'deleted', files_preserved: false });
    await expect.poll(() => traces(server.dataDir), { timeout: 30_000 }).toEqual(before);
    expect((await server.shell('u', 'ls')).body.output).toBe('');
  });
});

describe('a deletion that keeps files', () => {
  it('waits for the first measurement of plain folders, so that lists know what is kept', async () => {
    server = await startRealServer({ SANDBOX_DISK_MECHANISM: 'measure' });
    await server.shell('u', 'mkdir many && cd many && seq 30000 | xargs touch', { timeout: 120 });
    await server.call('DELETE', '/sandbox/u');
    const [kept] = (await server.call('GET', '/sandbox?state=deleted')).body.sandboxes;
    expect(kept.disk_usage_mb).toBeGreaterThan(0);
  });
});

describe('a pause', () => {
  it('keeps streams open and time-outs still, until the sandbox is resumed', async () => {
    server = await startRealServer();
    const open = (path: string) =>
      fetch(`${server.url}/sandbox/u/${path}`, {
        headers: { 'x-api-key': server.apiKey, accept: 'application/x-ndjson' },
      });
    const command = 'echo begun; until [ -e go ]; do sleep 0.1; done; echo gone on; sleep 1000';
    await server.call('POST', '/sandbox/u/processes', { command, timeout: 6 });
    const events = eventsOf(await open('processes/1/events'));
    expect((await events.next()).value?.event).toBe('start');
    expect((await events.next()).value?.data).toEqual({ text: 'begun\n' });
    expect((await server.call('POST', '/sandbox/u/pause')).body).toMatchObject({ status: 'paused' });

    // Longer than the time-out, and than an agent may be silent.
    const readings: number[] = [];
    for await (const { data } of eventsOf(await open('usage?interval=5'))) {
      readings.push(data.processes);
      if (readings.length === 4) break;
    }
    expect(Math.min(...readings)).toBeGreaterThan(1);
    expect((await server.call('GET', '/sandbox/u/status')).body.status).toBe('paused');

    expect((await server.call('POST', '/sandbox/u/resume')).body).toMatchObject({ status: 'running' });
    await server.call('POST', '/sandbox/u/file', { path: 'go', content: '' });
    expect((await events.next()).value?.data).toEqual({ text: 'gone on\n' });
    expect((await events.next()).value).toMatchObject({ event: 'exit', data: { timed_out: true } });
  });
});

describe('the environment of a sandbox', () => {
  it('is that of everything that starts afterwards, also after a restart', async () => {
    server = await startRealServer();
    await server.call('POST', '/sandbox/u/create', { env: { WHO: 'somebody' } });
    const shown = async () => [
      (await server.shell('u', 'echo $WHO')).body.output,
      (await server.execute('u', "import os; print(os.environ.get('WHO', ''))")).body.output,
    ];
    expect(await shown()).toEqual(['somebody\n', 'somebody\n']);
    await server.call('PATCH', '/sandbox/u', { env: { WHO: 'another one' } });
    expect(await shown()).toEqual(['another one\n', 'another one\n']);
    const env = { MORE: '1' };
    await server.call('POST', '/sandbox/u/processes', { command: 'echo $WHO $MORE', env });
    await server.call('POST', '/sandbox/u/processes/1/wait', {});
    const output = await fetch(`${server.url}/sandbox/u/processes/1/output`, {
      headers: { 'x-api-key': server.apiKey },
    });
    expect(await output.text()).toBe('another one 1\n');
    await server.call('POST', '/sandbox/u/restart');
    expect(await shown()).toEqual(['another one\n', 'another one\n']);
  });
});

describe('a sandbox with an end', () => {
  it('is deleted then although code runs in it, and its files are there for the next', async () => {
    server = await startRealServer();
    await server.shell('u', 'echo kept > file');
    const running = server.shell('u', 'sleep 1000', { timeout: 300 });
    const listed = async () => (await server.call('GET', '/sandbox/u/processes?state=running')).body.processes;
    await expect.poll(listed).toHaveLength(1);
    const expires_at = new Date(Date.now() + 2_000).toISOString();
    expect((await server.call('PATCH', '/sandbox/u', { expires_at })).status).toBe(200);
    expect((await running).body).toMatchObject({ success: false });
    await expect.poll(async () => (await server.call('GET', '/sandbox/u/status')).status).toBe(404);
    expect(await containersOf(server.dataDir)).toEqual([]);
    expect((await server.shell('u', 'cat file')).body.output).toBe('kept\n');
  });
});

describe('the limits of a sandbox', () => {
  it('change at once where the kernel can, and with a restart that keeps files where it cannot', async () => {
    server = await startRealServer();
    await server.call('POST', '/sandbox/u/create', { memory_limit: '128m', cpu_limit: 0.5 });
    await server.shell('u', 'echo kept > file; nohup sleep 7771 >/dev/null 2>&1 &');
    const fill = async () => (await server.execute('u', 'print(len(bytearray(200_000_000)))')).body;
    const limits = async () => {
      const { body } = await server.call('GET', '/sandbox/u/status');
      return await limitsOf(await containerBy(server.dataDir, body.container_id));
    };
    expect(await fill()).toMatchObject({ success: false });

    const asked = { memory_limit: '512m', cpu_limit: 1, ...(IS_GVISOR ? { allow_restart: true } : {}) };
    const more = await server.call('PATCH', '/sandbox/u', asked);
    expect(more).toMatchObject({ status: 200, body: { restarted: IS_GVISOR } });
    expect(await limits()).toEqual({ memoryBytes: 512 * 2 ** 20, cpus: 1, hasNoSwap: true });
    expect(await fill()).toMatchObject({ success: true, output: '200000000\n' });
    expect((await server.shell('u', 'pgrep -x sleep -a | grep -c 7771')).body.output).toBe(IS_GVISOR ? '0\n' : '1\n');
    expect((await server.call('GET', '/sandbox/u/usage')).body.memory_limit_bytes).toBe(512 * 2 ** 20);

    expect((await server.call('PATCH', '/sandbox/u', { memory_limit: '128m' })).status).toBe(409);
    const less = await server.call('PATCH', '/sandbox/u', { memory_limit: '128m', allow_restart: true });
    expect(less).toMatchObject({ status: 200, body: { restarted: true, status: 'running' } });
    expect(await limits()).toEqual({ memoryBytes: 128 * 2 ** 20, cpus: 1, hasNoSwap: true });
    expect((await server.shell('u', 'cat file; pgrep -x sleep -a | grep -c 7771')).body.output).toBe('kept\n0\n');
  });
});
