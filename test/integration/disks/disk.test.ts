import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  stat,
  statfs,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { makeImage } from '../../../src/disks/image.ts';
import { ownNamespace } from '../../../src/disks/mount-namespace.ts';
import { mountImage } from '../../../src/disks/mounts.ts';
import { toSandboxId } from '../../../src/sandboxes/address.ts';
import { containerNamed, endContainer, withEngine } from '../../support/engine-view.ts';
import { mountsBelow } from '../../support/mounts.ts';
import { type RealServer, removeAll, removeSandboxes, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';
import { startServerProcess } from '../../support/server-process.ts';
import { until } from '../../support/until.ts';

const run = promisify(execFile);
const closers: (() => Promise<unknown>)[] = [];

const LIMIT = { SANDBOX_DISK_LIMIT: '64m' };
const WRITE_100_MB = 'dd if=/dev/zero of=/workspace/big bs=1M count=100';

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(variables: Readonly<Record<string, string>> = LIMIT): Promise<RealServer> {
  const server = await startRealServer(variables);
  closers.push(() => server.close());
  return server;
}

async function dataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clara-disk-'));
  closers.push(() => removeAll(folder));
  return folder;
}

const folderOf = (server: { dataDir: string }, user: string) =>
  join(server.dataDir, toSandboxId({ namespace: 'clara', id: user }));

async function loopDevices(folder: string): Promise<string[]> {
  const { stdout } = await run('losetup', ['-n', '-O', 'BACK-FILE', '-l']);
  return stdout.split('\n').filter((line) => line.startsWith(`${folder}/`));
}

function putRaw(server: RealServer, user: string, path: string, bytes: number) {
  const headers = { 'x-api-key': 'key-for-these-tests', 'content-type': 'application/octet-stream' };
  return server.call('PUT', `/sandbox/${user}/raw?path=${path}`, undefined, {
    headers,
    body: Buffer.alloc(bytes, 'x'),
  });
}

/** Waits until no loop device is left: a container that starts at the moment of an unmount keeps its own copy of the mount for a while. */
async function released(folder: string): Promise<void> {
  await until('no loop device is left', async () => (await loopDevices(folder)).length === 0);
}

/** Fills the disk to the last block, those too that only small files find. */
const FILL = 'cat /dev/zero > big; cat /dev/zero > rest; for i in $(seq 200); do echo x > "small$i" || break; done';

describe('a disk without a limit', () => {
  it('lets code write more, and more files, than the limit of the tests below', async () => {
    const server = await start({ SANDBOX_DISK_LIMIT: '0' });
    expect((await server.shell('u', WRITE_100_MB)).body).toMatchObject({ success: true });
    const files = 'for i in range(40_000): open(f"f{i}", "w").close()\nprint(i)';
    expect((await server.execute('u', files, { timeout: 120 })).body.output).toBe('39999\n');
    await server.shell('u', 'find . -name "f*" -delete', { timeout: 120 });
    expect(await mountsBelow(server.dataDir)).toEqual([]);
    expect((await server.call('GET', '/sandbox/u/status')).body).toMatchObject({ disk_limit_mb: null });
  });
});

describe('a disk with a limit', () => {
  it('ends code that fills it with ENOSPC, and touches nobody else', async () => {
    const server = await start();
    await server.execute('neighbour', "open('kept.txt', 'w').write('kept')");
    const filled = await server.shell('u', WRITE_100_MB);
    expect(filled.body).toMatchObject({ success: false });
    expect(filled.body.error).toMatch(/No space left on device/);
    const written = await server.execute('neighbour', "open('more', 'wb').write(bytes(20_000_000)); print('written')");
    expect(written.body.output).toBe('written\n');
    const seen = await server.execute(
      'u',
      'import errno\ntry: open("/packages/x", "wb").write(bytes(9_000_000))\nexcept OSError as e: print(errno.errorcode[e.errno])',
    );
    expect(seen.body.output).toBe('ENOSPC\n');
  });

  it('answers 507 to a write that does not fit, keeps the old file, and works again once files are deleted', async () => {
    const server = await start();
    await server.call('POST', '/sandbox/u/file', { path: 'old.txt', content: 'old' });
    expect((await server.shell('u', FILL)).body.error).toMatch(/No space left/);
    const content = 'n'.repeat(2_000_000);
    const refused = await server.call('POST', '/sandbox/u/file', { path: 'old.txt', content });
    expect(refused.status).toBe(507);
    expect(refused.body.error).toMatch(/no space left/);
    expect((await putRaw(server, 'u', 'old.txt', 3_000_000)).status).toBe(507);
    expect((await server.call('GET', '/sandbox/u/file?path=old.txt')).body).toMatchObject({ content: 'old' });
    expect((await server.execute('u', 'print(6 * 7)')).body.output).toBe('42\n');
    expect((await server.call('DELETE', '/sandbox/u/file?path=big')).body).toMatchObject({ success: true });
    expect((await server.call('POST', '/sandbox/u/file', { path: 'old.txt', content })).status).toBe(200);
    expect((await putRaw(server, 'u', 'raw', 3_000_000)).status).toBe(201);
  });

  it('refuses archives that do not fit with 507, and lets pip say so', async () => {
    const server = await start();
    const make = [
      'import os, zipfile',
      "with zipfile.ZipFile('/tmp/big.zip', 'w') as z: z.writestr('big', os.urandom(70_000_000))",
      "with zipfile.ZipFile('/tmp/big-1.0-py3-none-any.whl', 'w') as z:",
      "  z.writestr('big/__init__.py', '')",
      "  z.writestr('big/data', bytes(70_000_000), zipfile.ZIP_DEFLATED)",
      "  z.writestr('big-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: big\\nVersion: 1.0\\n')",
      "  z.writestr('big-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')",
      "  z.writestr('big-1.0.dist-info/RECORD', '')",
    ];
    expect((await server.execute('u', make.join('\n'))).body).toMatchObject({ success: true });
    const unzipped = await server.call('POST', '/sandbox/u/unzip', {
      path: '/tmp/big.zip',
      destination: '/workspace/out',
    });
    expect(unzipped.status).toBe(507);
    await server.shell('u', 'rm -rf /workspace/out');
    const installed = await server.call('POST', '/sandbox/u/pip/install', { package: '/tmp/big-1.0-py3-none-any.whl' });
    expect(installed).toMatchObject({ status: 200, body: { success: false } });
    expect(installed.body.error).toMatch(/No space left/);
    expect((await server.execute('u', 'print(1)')).body.output).toBe('1\n');
  });

  it('holds for the number of files too', async () => {
    const server = await start();
    const code =
      'import errno\ntry:\n  for i in range(40_000): open(f"f{i}", "w").close()\nexcept OSError as e: print(i > 10_000, errno.errorcode[e.errno])';
    expect((await server.execute('u', code, { timeout: 120 })).body.output).toBe('True ENOSPC\n');
    expect((await server.execute('neighbour', 'open("one", "w").write("1"); print("fine")')).body.output).toBe(
      'fine\n',
    );
    await server.shell('u', 'find . -name "f*" -delete', { timeout: 120 });
    expect((await server.call('POST', '/sandbox/u/file', { path: 'new', content: 'new' })).status).toBe(200);
  });

  it('is shown by status, running or not', async () => {
    const server = await start();
    await server.shell(
      'u',
      'dd if=/dev/zero of=a bs=1M count=20 && dd if=/dev/zero of=/packages/b bs=1M count=10 && sync',
    );
    const { body } = await server.call('GET', '/sandbox/u/status');
    expect(body.disk_usage_mb).toBeGreaterThan(30);
    expect(body.disk_usage_mb).toBeLessThan(32);
    expect(body.disk_limit_mb).toBeGreaterThan(50);
    expect(body.disk_limit_mb).toBeLessThanOrEqual(64);
    await server.call('POST', '/sandbox/u/stop');
    await released(server.dataDir);
    const stopped = (await server.call('GET', '/sandbox/u/status')).body;
    expect(stopped).toMatchObject({ status: 'stopped', disk_limit_mb: body.disk_limit_mb });
    expect(Math.abs(stopped.disk_usage_mb - body.disk_usage_mb)).toBeLessThan(1);
  });

  it('gives the space of deleted files back to the server', async () => {
    const server = await start();
    const allocated = async () => (await stat(join(folderOf(server, 'u'), 'disk.img'))).blocks * 512;
    await server.shell('u', 'dd if=/dev/urandom of=a bs=1M count=40 conv=fsync');
    expect(await allocated()).toBeGreaterThan(40_000_000);
    await server.shell('u', 'rm a');
    await server.call('POST', '/sandbox/u/stop');
    await released(server.dataDir);
    expect(await allocated()).toBeLessThan(10_000_000);
  });

  it('is mounted while the sandbox runs, and keeps its files through stop, restart and delete with create', async () => {
    const server = await start();
    await server.execute('u', "open('a.txt', 'w').write('kept'); open('/packages/b.txt', 'w').write('too')");
    const contents = async () => (await server.shell('u', 'cat a.txt /packages/b.txt')).body.output;
    const mounted = [join(folderOf(server, 'u'), 'disk')];
    expect(await mountsBelow(server.dataDir)).toEqual(mounted);
    await server.call('POST', '/sandbox/u/stop');
    expect(await mountsBelow(server.dataDir)).toEqual([]);
    expect(await contents()).toBe('kepttoo');
    await server.call('POST', '/sandbox/u/restart');
    expect(await contents()).toBe('kepttoo');
    await server.call('DELETE', '/sandbox/u');
    expect(await mountsBelow(server.dataDir)).toEqual([]);
    await released(server.dataDir);
    expect(await contents()).toBe('kepttoo');
    expect(await mountsBelow(server.dataDir)).toEqual(mounted);
  });

  it('goes with a sandbox from the pool to its owner', async () => {
    const server = await start({ ...LIMIT, SANDBOX_POOL_SIZE: '1' });
    const pooled = async () => (await readdir(server.dataDir)).find((name) => name.startsWith('pool-'));
    await until('the pool is filled', async () => {
      return (await server.call('GET', '/info')).body.pooled_sandboxes === 1 && (await pooled()) !== undefined;
    });
    expect((await server.shell('u', WRITE_100_MB)).body.error).toMatch(/No space left/);
    expect(await mountsBelow(server.dataDir)).toContain(join(folderOf(server, 'u'), 'disk'));
    await server.shell('u', 'rm big; echo kept > a.txt');
    await server.call('POST', '/sandbox/u/restart');
    expect((await server.shell('u', 'cat a.txt')).body.output).toBe('kept\n');
  });

  it('stays with its sandbox when the server ends, and is found by the next', async () => {
    const first = await start();
    await first.shell('runs', 'echo kept > a.txt');
    await first.shell('stops', 'echo kept > a.txt');
    await first.leave();
    await endContainer(await containerNamed(first.dataDir, '-stops-'));
    const second = await start({ ...LIMIT, SANDBOX_DATA_DIR: first.dataDir });
    expect(await mountsBelow(second.dataDir)).toEqual([join(folderOf(second, 'runs'), 'disk')]);
    for (const user of ['runs', 'stops']) {
      expect((await second.shell(user, 'cat a.txt')).body.output).toBe('kept\n');
      expect((await second.shell(user, WRITE_100_MB)).body.error).toMatch(/No space left/);
    }
  });

  it('is let go by a stop even where something on the machine holds on to it', async () => {
    const server = await start();
    await server.shell('u', 'echo kept > a.txt');
    const holder = spawn('sleep', ['600'], { cwd: join(folderOf(server, 'u'), 'disk') });
    await once(holder, 'spawn');
    await server.call('POST', '/sandbox/u/stop');
    expect(await mountsBelow(server.dataDir)).toEqual([]);
    expect((await server.shell('u', 'cat a.txt; echo more >> a.txt')).body.output).toBe('kept\n');
    expect(await loopDevices(server.dataDir)).toHaveLength(1);
    const ended = once(holder, 'exit');
    holder.kill();
    await ended;
    await server.call('POST', '/sandbox/u/restart');
    expect((await server.shell('u', 'cat a.txt')).body.output).toBe('kept\nmore\n');
  });

  it('grows when the limit is raised, and keeps its size when it is lowered', async () => {
    const first = await start();
    await first.shell('u', 'echo kept > a.txt');
    await first.call('POST', '/sandbox/u/stop');
    await released(first.dataDir);
    await first.leave();
    const second = await start({ SANDBOX_DISK_LIMIT: '256m', SANDBOX_DATA_DIR: first.dataDir });
    expect((await second.shell('u', WRITE_100_MB)).body).toMatchObject({ success: true });
    await second.call('POST', '/sandbox/u/stop');
    await second.leave();
    const third = await start({ ...LIMIT, SANDBOX_DATA_DIR: first.dataDir });
    expect((await third.shell('u', 'cat a.txt; stat -c %s big')).body.output).toBe('kept\n104857600\n');
  });

  it('is checked and mended after a crash of the machine', async () => {
    const server = await start();
    await server.shell('u', 'echo kept > a.txt; sync a.txt; (while :; do echo x >> busy; done) >/dev/null 2>&1 &');
    const image = join(folderOf(server, 'u'), 'disk.img');
    await copyFile(image, `${image}.crashed`);
    await server.call('POST', '/sandbox/u/stop');
    await rename(`${image}.crashed`, image);
    expect((await server.shell('u', 'cat a.txt')).body.output).toBe('kept\n');
  });

  it('that is damaged keeps its sandbox from starting on an empty folder, and nobody else', async () => {
    const server = await start();
    await server.shell('u', 'echo kept > a.txt');
    await server.call('POST', '/sandbox/u/stop');
    const image = join(folderOf(server, 'u'), 'disk.img');
    await copyFile(image, `${image}.whole`);
    await truncate(image, 0);
    const refused = await server.shell('u', 'ls');
    expect(refused.status).toBe(503);
    expect(refused.body.error).toMatch(/disk cannot be made or mounted/);
    expect(refused.body.error).not.toContain(server.dataDir);
    expect((await server.shell('neighbour', 'echo fine')).body.output).toBe('fine\n');
    expect(await readdir(join(folderOf(server, 'u'), 'disk'))).toEqual([]);
    await rename(`${image}.whole`, image);
    expect((await server.shell('u', 'cat a.txt')).body.output).toBe('kept\n');
  });
});

describe('a server that was killed', () => {
  it('leaves disks that the next one adopts, unmounts or removes', async () => {
    const SANDBOX_DATA_DIR = await dataFolder();
    const first = await startServerProcess({ ...LIMIT, SANDBOX_DATA_DIR, SANDBOX_POOL_SIZE: '2' });
    closers.push(() => first.end('SIGKILL'));
    await first.call('POST', '/sandbox/u/execute', { code: "open('kept.txt', 'w').write('kept')" });
    await until('three disks are mounted', async () => (await mountsBelow(SANDBOX_DATA_DIR)).length >= 3);
    await first.end('SIGKILL');
    const second = await start({ ...LIMIT, SANDBOX_DATA_DIR });
    expect(await mountsBelow(SANDBOX_DATA_DIR)).toEqual([join(folderOf(second, 'u'), 'disk')]);
    expect((await readdir(SANDBOX_DATA_DIR)).filter((name) => /^(pool|probe)-/.test(name))).toEqual([]);
    expect((await second.shell('u', 'cat kept.txt')).body.output).toBe('kept');
  });

  it.each([
    ['while the image was made', async (folder: string) => writeFile(join(folder, 'disk.img.new'), 'half')],
    [
      'after the image was made',
      async (folder: string) => makeImage(ownNamespace, join(folder, 'disk.img'), 64 * 2 ** 20),
    ],
    ['after the disk was mounted', async (folder: string) => mounted(folder)],
    [
      'after the first folder was made, before it was given to its user',
      async (folder: string) => {
        await mounted(folder);
        await mkdir(join(folder, 'disk', 'workspace'), { mode: 0o700 });
      },
    ],
  ])('%s leaves what the next one completes', async (_, leave) => {
    const SANDBOX_DATA_DIR = await dataFolder();
    const folder = folderOf({ dataDir: SANDBOX_DATA_DIR }, 'u');
    await mkdir(folder);
    await leave(folder);
    const server = await start({ ...LIMIT, SANDBOX_DATA_DIR });
    expect(await mountsBelow(SANDBOX_DATA_DIR)).toEqual([]);
    expect((await server.shell('u', 'echo written > a.txt && cat a.txt')).body.output).toBe('written\n');
    expect((await server.shell('u', WRITE_100_MB)).body.error).toMatch(/No space left/);
  });

  it('after a claim renamed the folder leaves a sandbox that its owner can use', async () => {
    const first = await start({ ...LIMIT, SANDBOX_POOL_SIZE: '0' });
    await first.shell('u', 'echo kept > a.txt');
    await first.leave();
    const instance = await readFile(join(first.dataDir, 'instance'), 'utf8');
    const { id } = await containerNamed(first.dataDir, '-u-');
    await withEngine((engine) => engine.rename(id, `clara-${instance}-pool-0123456789abcdef`));
    const second = await start({ ...LIMIT, SANDBOX_DATA_DIR: first.dataDir });
    expect(await mountsBelow(first.dataDir)).toEqual([]);
    expect((await second.shell('u', 'cat a.txt')).body.output).toBe('kept\n');
  });
});

async function mounted(folder: string): Promise<void> {
  await makeImage(ownNamespace, join(folder, 'disk.img'), 64 * 2 ** 20);
  await mkdir(join(folder, 'disk'));
  await mountImage(ownNamespace, join(folder, 'disk.img'), join(folder, 'disk'));
}

describe('a disk of the server that is full', () => {
  it('fails the writes that need it, and everything works again once there is room and the sandbox was restarted', async () => {
    const host = await dataFolder();
    const dataDir = join(host, 'disk');
    await makeImage(ownNamespace, join(host, 'disk.img'), 160 * 2 ** 20);
    await mkdir(dataDir);
    await mountImage(ownNamespace, join(host, 'disk.img'), dataDir);
    const server = await startRealServer({
      SANDBOX_DISK_LIMIT: '256m',
      SANDBOX_DISK_RESERVE: '0',
      SANDBOX_DATA_DIR: dataDir,
    });
    closers.push(async () => {
      await server.app.close();
      await removeSandboxes(dataDir);
    });
    await server.shell('u', 'echo kept > a.txt; sync');
    const full = await server.shell('full', 'dd if=/dev/urandom of=big bs=1M count=200 conv=fsync');
    // gVisor may report success for what the image under it refused.
    if (!IS_GVISOR) expect(full.body).toMatchObject({ success: false });
    const { bavail, bsize } = await statfs(dataDir);
    expect(bavail * bsize).toBeLessThan(8 * 2 ** 20);
    expect((await server.shell('u', 'cat a.txt')).body.output).toBe('kept\n');
    expect((await server.call('GET', '/health')).body).toMatchObject({ status: 'healthy' });
    await server.call('DELETE', '/sandbox/full');
    await run('rm', ['-r', folderOf(server, 'full')]);
    expect((await server.call('POST', '/sandbox/u/restart')).status).toBe(200);
    expect((await server.shell('u', 'echo more >> a.txt && sync && cat a.txt')).body.output).toBe('kept\nmore\n');
  });
});

describe('a limit that is measured', () => {
  const MEASURED = { ...LIMIT, SANDBOX_DISK_MECHANISM: 'measure' };

  it('refuses writes through the API with 507 once code wrote more, until files are deleted', async () => {
    const server = await start(MEASURED);
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
    const first = await start({ SANDBOX_DISK_LIMIT: '0' });
    await first.shell('u', `echo kept > a.txt; ${WRITE_100_MB}`);
    await first.leave();
    const second = await start({ ...LIMIT, SANDBOX_DATA_DIR: first.dataDir });
    expect((await second.shell('u', 'cat a.txt')).body.output).toBe('kept\n');
    expect((await second.call('POST', '/sandbox/u/file', { path: 'b', content: 'b' })).status).toBe(507);
    expect((await second.shell('new', WRITE_100_MB)).body.error).toMatch(/No space left/);
  });
});

describe('a server whose mounts the engine does not see', () => {
  const command = ['--mount', process.execPath, '--import', 'tsx', 'src/main.ts'];

  async function environment(variables: Readonly<Record<string, string>>): Promise<NodeJS.ProcessEnv> {
    const own = { SANDBOX_API_KEY: 'key-for-these-tests', SANDBOX_API_HOST: '127.0.0.1', SANDBOX_API_PORT: '0' };
    const SANDBOX_DATA_DIR = await dataFolder();
    return { ...process.env, ...own, SANDBOX_POOL_SIZE: '0', SANDBOX_NETWORK: 'none', SANDBOX_DATA_DIR, ...variables };
  }

  it('does not start where images are asked for', async () => {
    const env = await environment({ ...LIMIT, SANDBOX_DISK_MECHANISM: 'loop' });
    const ended = run('unshare', command, { env });
    await expect(ended).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/SANDBOX_DISK_MECHANISM=loop is impossible here: .* mount namespace/),
    });
  });

  it('says so and measures', async () => {
    const child = spawn('unshare', command, { env: await environment(LIMIT), stdio: ['ignore', 'pipe', 'inherit'] });
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

describe('a data folder that is almost full', () => {
  it('makes no new sandbox, and those that exist go on', async () => {
    const first = await start();
    await first.shell('u', 'echo kept > a.txt');
    await first.call('POST', '/sandbox/u/stop');
    await first.leave();
    const second = await start({ ...LIMIT, SANDBOX_DATA_DIR: first.dataDir, SANDBOX_DISK_RESERVE: '1000t' });
    const refused = await second.call('POST', '/sandbox/new/create');
    expect(refused.status).toBe(507);
    expect(refused.body.error).toMatch(/disk of the server is almost full/);
    expect((await second.call('GET', '/sandbox/new/status')).status).toBe(404);
    expect((await second.shell('u', 'cat a.txt')).body.output).toBe('kept\n');
  });
});
