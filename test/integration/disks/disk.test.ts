import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readdir, rename, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { containerNamed, endContainer } from '../../support/engine-view.ts';
import {
  FILL,
  folderOf,
  LIMIT,
  loopDevices,
  putRaw,
  released,
  startLimited,
  WRITE_100_MB,
} from '../../support/limited-disk.ts';
import { mountsBelow } from '../../support/mounts.ts';
import { until } from '../../support/until.ts';

const _run = promisify(execFile);
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('a disk without a limit', () => {
  it('lets code write more, and more files, than the limit of the tests below', async () => {
    const server = await startLimited(closers, { SANDBOX_DISK_LIMIT: '0' });
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
    const server = await startLimited(closers);
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
    const server = await startLimited(closers);
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
    const server = await startLimited(closers);
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
    const server = await startLimited(closers);
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
    const server = await startLimited(closers);
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
    const server = await startLimited(closers);
    const allocated = async () => (await stat(join(folderOf(server, 'u'), 'disk.img'))).blocks * 512;
    await server.shell('u', 'dd if=/dev/urandom of=a bs=1M count=40 conv=fsync');
    expect(await allocated()).toBeGreaterThan(40_000_000);
    await server.shell('u', 'rm a');
    await server.call('POST', '/sandbox/u/stop');
    await released(server.dataDir);
    expect(await allocated()).toBeLessThan(10_000_000);
  });

  it('is mounted while the sandbox runs, and keeps its files through stop, restart and delete with create', async () => {
    const server = await startLimited(closers);
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

  it('goes with a sandbox from the pool to the address that claims it', async () => {
    const server = await startLimited(closers, { ...LIMIT, SANDBOX_POOL_SIZE: '1' });
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
    const first = await startLimited(closers);
    await first.shell('runs', 'echo kept > a.txt');
    await first.shell('stops', 'echo kept > a.txt');
    await first.leave();
    await endContainer(await containerNamed(first.dataDir, '-stops-'));
    const second = await startLimited(closers, { ...LIMIT, SANDBOX_DATA_DIR: first.dataDir });
    expect(await mountsBelow(second.dataDir)).toEqual([join(folderOf(second, 'runs'), 'disk')]);
    for (const user of ['runs', 'stops']) {
      expect((await second.shell(user, 'cat a.txt')).body.output).toBe('kept\n');
      expect((await second.shell(user, WRITE_100_MB)).body.error).toMatch(/No space left/);
    }
  });

  it('is let go by a stop even where something on the machine holds on to it', async () => {
    const server = await startLimited(closers);
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
    const first = await startLimited(closers);
    await first.shell('u', 'echo kept > a.txt');
    await first.call('POST', '/sandbox/u/stop');
    await released(first.dataDir);
    await first.leave();
    const second = await startLimited(closers, { SANDBOX_DISK_LIMIT: '256m', SANDBOX_DATA_DIR: first.dataDir });
    expect((await second.shell('u', WRITE_100_MB)).body).toMatchObject({ success: true });
    await second.call('POST', '/sandbox/u/stop');
    await second.leave();
    const third = await startLimited(closers, { ...LIMIT, SANDBOX_DATA_DIR: first.dataDir });
    expect((await third.shell('u', 'cat a.txt; stat -c %s big')).body.output).toBe('kept\n104857600\n');
  });

  it('is checked and mended after a crash of the machine', async () => {
    const server = await startLimited(closers);
    await server.shell('u', 'echo kept > a.txt; sync a.txt; (while :; do echo x >> busy; done) >/dev/null 2>&1 &');
    const image = join(folderOf(server, 'u'), 'disk.img');
    await copyFile(image, `${image}.crashed`);
    await server.call('POST', '/sandbox/u/stop');
    await released(server.dataDir);
    await rename(`${image}.crashed`, image);
    expect((await server.shell('u', 'cat a.txt')).body.output).toBe('kept\n');
  });

  it('that is damaged keeps its sandbox from starting on an empty folder, and nobody else', async () => {
    const server = await startLimited(closers);
    await server.shell('u', 'echo kept > a.txt');
    await server.call('POST', '/sandbox/u/stop');
    await released(server.dataDir);
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
