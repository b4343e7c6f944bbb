import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, stat, statfs } from 'node:fs/promises';
import { type ClientRequest, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { released } from '../../support/limited-disk.ts';
import { mountsBelow } from '../../support/mounts.ts';
import { plainProgram } from '../../support/plain-programs.ts';
import { removeAll } from '../../support/real-server.ts';
import { RUNTIME } from '../../support/runtime.ts';
import { endProcess, OWN_MOUNTS, type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { until } from '../../support/until.ts';

const WRITE_100_MB = { command: 'dd if=/dev/zero of=/workspace/big bs=1M count=100' };
const closers: (() => Promise<unknown>)[] = [];
let dataDir = '';
let socket = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-disk-service-'));
  closers.push(() => removeAll(dataDir));
  const folder = await mkdtemp(join(tmpdir(), 'clara-socket-'));
  closers.push(() => rm(folder, { recursive: true }));
  socket = join(folder, 'disks.sock');
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The service in mounts of its own, as in a container that shares the machine's processes. */
async function startService(): Promise<ChildProcess> {
  const main = await plainProgram('src/disks/service/main.ts');
  const [program = '', ...argv] = [...OWN_MOUNTS, process.execPath, main];
  const child = spawn(program, argv, {
    cwd: new URL('../../../', import.meta.url),
    env: { ...process.env, SANDBOX_DATA_DIR: dataDir, SANDBOX_DISK_SERVICE: socket },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  closers.push(() => endProcess(child, 'SIGKILL'));
  for await (const chunk of child.stdout) if (/listening/i.test(String(chunk))) break;
  return child;
}

/** A server that sees no mount of the machine, and none of whose mounts the engine sees. */
async function startServer(variables: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  const own = { SANDBOX_DATA_DIR: dataDir, SANDBOX_DISK_LIMIT: '64m', SANDBOX_DOCKER_RUNTIME: RUNTIME, ...variables };
  const server = await startServerProcess(own, 'src/main.ts', OWN_MOUNTS);
  closers.push(() => server.end('SIGKILL'));
  return server;
}

const shell = async (server: ServerProcess, user: string, command: string) =>
  (await server.call('POST', `/sandbox/${user}/shell`, { command })).body;

function ask(path: string, body: unknown): Promise<{ status: number | undefined; said: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const asked: ClientRequest = request({ socketPath: socket, path, method: 'POST', headers }, (response) => {
      text(response).then((said) => resolve({ status: response.statusCode, said }), reject);
    });
    asked.on('error', reject);
    asked.end(JSON.stringify(body));
  });
}

describe('a server that cannot mount', () => {
  it('holds no limit against code by itself', async () => {
    const server = await startServer();
    expect((await server.call('POST', '/sandbox/u/shell', WRITE_100_MB)).body).toMatchObject({ success: true });
    expect(await mountsBelow(dataDir)).toEqual([]);
  });

  it('has its disks from the service, and the limit holds', async () => {
    await startService();
    const server = await startServer({ SANDBOX_DISK_SERVICE: socket });
    const filled = (await server.call('POST', '/sandbox/u/shell', WRITE_100_MB)).body;
    expect(filled).toMatchObject({ success: false, error: expect.stringMatching(/No space left on device/) });
    expect(await mountsBelow(dataDir)).toHaveLength(1);
    const { body } = await server.call('GET', '/sandbox/u/status');
    expect(body.disk_limit_mb).toBeGreaterThan(50);
    expect(body.disk_usage_mb).toBeGreaterThan(50);
    await shell(server, 'u', 'rm big; echo kept > a.txt');
    await server.call('POST', '/sandbox/u/stop');
    expect(await mountsBelow(dataDir)).toEqual([]);
    await released(dataDir);
    expect((await server.call('GET', '/sandbox/u/status')).body.disk_usage_mb).toBeLessThan(5);
    expect((await shell(server, 'u', 'cat a.txt')).output).toBe('kept\n');
  });

  it('has its checkpoints and forks from the service', async () => {
    await startService();
    const server = await startServer({ SANDBOX_DISK_SERVICE: socket });
    await shell(server, 'u', 'echo before > a.txt');
    expect((await server.call('POST', '/sandbox/u/checkpoints')).status).toBe(201);
    await shell(server, 'u', 'echo after > a.txt');
    const made = await server.call('POST', '/sandbox/now/create', { from: { user_id: 'u' } });
    expect(made.status).toBe(200);
    expect((await shell(server, 'now', 'cat a.txt')).output).toBe('after\n');
    expect(await server.call('POST', '/sandbox/u/checkpoints/latest/restore')).toMatchObject({ status: 200 });
    expect((await shell(server, 'u', 'cat a.txt')).output).toBe('before\n');
    expect(await mountsBelow(dataDir)).toHaveLength(2);
  });

  it('is held back by it where the disk below has no more', async () => {
    await startService();
    const { bavail, bsize } = await statfs(dataDir);
    const reserve = String(bavail * bsize * 2);
    const first = await startServer({ SANDBOX_DISK_SERVICE: socket });
    await shell(first, 'u', 'echo kept > a.txt');
    await first.end('SIGTERM');
    const server = await startServer({ SANDBOX_DISK_SERVICE: socket, SANDBOX_DISK_RESERVE: reserve });
    const filled = await shell(server, 'u', 'cat /dev/zero > big');
    expect(filled.error).toMatch(/No space left on device/);
    expect((await shell(server, 'u', 'cat a.txt')).output).toBe('kept\n');
    const { body } = await server.call('GET', '/sandbox/u/status');
    expect(body.disk_usage_mb).toBeLessThan(30);
  });

  it('gives a disk from the pool to the sandbox that claims it, and leaves none when it ends', async () => {
    await startService();
    const server = await startServer({ SANDBOX_DISK_SERVICE: socket, SANDBOX_POOL_SIZE: '1' });
    await until('the pool is filled', async () => (await server.call('GET', '/info')).body.pooled_sandboxes === 1);
    expect((await server.call('POST', '/sandbox/u/shell', WRITE_100_MB)).body).toMatchObject({ success: false });
    await server.call('DELETE', '/sandbox/u');
    expect(await server.end('SIGTERM')).toBe(0);
    expect(await mountsBelow(dataDir)).toEqual([]);
  });

  it('says so while the service is away, runs what runs, and goes on when it is back', async () => {
    const service = await startService();
    const server = await startServer({ SANDBOX_DISK_SERVICE: socket });
    await shell(server, 'runs', 'echo kept > a.txt');
    await endProcess(service, 'SIGKILL');
    expect((await shell(server, 'runs', 'cat a.txt')).output).toBe('kept\n');
    expect(await server.call('GET', '/sandbox/runs/status')).toMatchObject({
      status: 200,
      body: { status: 'running', disk_usage_mb: null },
    });
    const refused = await server.call('POST', '/sandbox/new/shell', { command: 'true' });
    expect(refused).toMatchObject({
      status: 503,
      body: { error: expect.stringMatching(/disk service does not answer/) },
    });
    await startService();
    expect((await shell(server, 'new', 'echo fine')).output).toBe('fine\n');
    expect(await mountsBelow(dataDir)).toHaveLength(2);
  });

  it('unmounts what an earlier server left', async () => {
    await startService();
    const first = await startServer({ SANDBOX_DISK_SERVICE: socket, SANDBOX_POOL_SIZE: '2' });
    await until('the pool is filled', async () => (await first.call('GET', '/info')).body.pooled_sandboxes === 2);
    await first.end('SIGKILL');
    expect(await mountsBelow(dataDir)).toHaveLength(2);
    const second = await startServer({ SANDBOX_DISK_SERVICE: socket });
    expect((await shell(second, 'u', 'echo fine')).output).toBe('fine\n');
    expect(await mountsBelow(dataDir)).toHaveLength(1);
  });
});

describe('the service', () => {
  it('listens for its own user only', async () => {
    await startService();
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['/open', { name: '../outside', sizeBytes: 0, owner: { uid: 1000, gid: 1000 } }],
    ['/open', { name: 'u', sizeBytes: -1, owner: { uid: 1000, gid: 1000 } }],
    ['/open', { name: 'u', sizeBytes: 2 ** 26, owner: { uid: 0, gid: 0 } }],
    ['/open', { name: 'u', sizeBytes: 2 ** 26, owner: { uid: 1000, gid: 1000 }, more: true }],
    ['/close', { name: '/' }],
    ['/close', { name: '..' }],
    ['/usage', { name: 'a/b' }],
    ['/share-room', { keepBytes: -1 }],
    ['/share-room', { keepBytes: 1, name: 'u' }],
    ['/usage', {}],
    ['/close', { name: 'u', padding: 'x'.repeat(2000) }],
  ])('refuses %s with %.80j', async (path, body) => {
    await startService();
    const { status, said } = await ask(path, body);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(JSON.parse(said)).toMatchObject({ kind: 'invalid' });
    expect(await mountsBelow(dataDir)).toEqual([]);
  });

  it('makes no folder for a sandbox that has none', async () => {
    await startService();
    const { status } = await ask('/open', { name: 'nobody', sizeBytes: 2 ** 26, owner: { uid: 1000, gid: 1000 } });
    expect(status).toBe(503);
    await expect(stat(join(dataDir, 'nobody'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
