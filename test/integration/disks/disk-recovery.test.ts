import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { makeImage } from '../../../src/disks/base/image.ts';
import { ownNamespace } from '../../../src/disks/base/mount-namespace.ts';
import { mountImage } from '../../../src/disks/mounts.ts';
import { containerNamed, withEngine } from '../../support/engine-view.ts';
import { dataFolder, folderOf, LIMIT, startLimited, WRITE_100_MB } from '../../support/limited-disk.ts';
import { mountsBelow } from '../../support/mounts.ts';
import { removeSandboxes, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';
import { startServerProcess } from '../../support/server-process.ts';
import { until } from '../../support/until.ts';

const run = promisify(execFile);
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('a server that was killed', () => {
  it('leaves disks that the next one adopts, unmounts or removes', async () => {
    const SANDBOX_DATA_DIR = await dataFolder(closers);
    const first = await startServerProcess({ ...LIMIT, SANDBOX_DATA_DIR, SANDBOX_POOL_SIZE: '2' });
    closers.push(() => first.end('SIGKILL'));
    await first.call('POST', '/sandbox/u/execute', { code: "open('kept.txt', 'w').write('kept')" });
    await until('three disks are mounted', async () => (await mountsBelow(SANDBOX_DATA_DIR)).length >= 3);
    await first.end('SIGKILL');
    const second = await startLimited(closers, { ...LIMIT, SANDBOX_DATA_DIR });
    expect(await mountsBelow(SANDBOX_DATA_DIR)).toEqual([join(folderOf(second, 'u'), 'disk')]);
    expect((await readdir(SANDBOX_DATA_DIR)).filter((name) => /^(pool|clara-probe)-/.test(name))).toEqual([]);
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
    const SANDBOX_DATA_DIR = await dataFolder(closers);
    const folder = folderOf({ dataDir: SANDBOX_DATA_DIR }, 'u');
    await mkdir(folder);
    await leave(folder);
    const server = await startLimited(closers, { ...LIMIT, SANDBOX_DATA_DIR });
    expect(await mountsBelow(SANDBOX_DATA_DIR)).toEqual([]);
    expect((await server.shell('u', 'echo written > a.txt && cat a.txt')).body.output).toBe('written\n');
    expect((await server.shell('u', WRITE_100_MB)).body.error).toMatch(/No space left/);
  });

  it('after a claim renamed the folder leaves a sandbox that its user can use', async () => {
    const first = await startLimited(closers, { ...LIMIT, SANDBOX_POOL_SIZE: '0' });
    await first.shell('u', 'echo kept > a.txt');
    await first.leave();
    const instance = await readFile(join(first.dataDir, 'instance'), 'utf8');
    const { id } = await containerNamed(first.dataDir, '-u-');
    await withEngine((engine) => engine.rename(id, `clara-${instance}-pool-0123456789abcdef`));
    const second = await startLimited(closers, { ...LIMIT, SANDBOX_DATA_DIR: first.dataDir });
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
    const host = await dataFolder(closers);
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
    // Without a reserve only what was synced is sure to have its place on the disk of the server.
    await server.shell('u', 'echo kept | dd of=a.txt conv=fsync status=none');
    // Who writes all at once may have no more than a share of what is left, and the rest as it goes on.
    await until('the disk is full', async () => {
      const write = 'dd if=/dev/urandom of=big bs=1M count=200 oflag=append conv=notrunc,fsync';
      const { body } = await server.shell('full', write);
      // gVisor may report success for what the image under it refused.
      if (!IS_GVISOR) expect(body).toMatchObject({ success: false });
      const { bavail, bsize } = await statfs(dataDir);
      return bavail * bsize < 8 * 2 ** 20;
    });
    expect((await server.shell('u', 'cat a.txt')).body.output).toBe('kept\n');
    expect((await server.call('GET', '/health')).body).toMatchObject({ status: 'healthy' });
    await server.call('DELETE', '/sandbox/full');
    await run('rm', ['-r', folderOf(server, 'full')]);
    expect((await server.call('POST', '/sandbox/u/restart')).status).toBe(200);
    expect((await server.shell('u', 'echo more >> a.txt && sync && cat a.txt')).body.output).toBe('kept\nmore\n');
  });
});

describe('a data folder that is almost full', () => {
  it('makes no new sandbox, and those that exist go on', async () => {
    const first = await startLimited(closers);
    await first.shell('u', 'echo kept > a.txt');
    await first.call('POST', '/sandbox/u/stop');
    await first.leave();
    const second = await startLimited(closers, {
      ...LIMIT,
      SANDBOX_DATA_DIR: first.dataDir,
      SANDBOX_DISK_RESERVE: '1000t',
    });
    const refused = await second.call('POST', '/sandbox/new/create');
    expect(refused.status).toBe(507);
    expect(refused.body.error).toMatch(/disk of the server is almost full/);
    expect((await second.call('GET', '/sandbox/new/status')).status).toBe(404);
    expect((await second.shell('u', 'cat a.txt')).body.output).toBe('kept\n');
  });
});
