import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { makeImage } from '../../../src/disks/base/image.ts';
import { ownNamespace } from '../../../src/disks/base/mount-namespace.ts';
import { LoopDisk } from '../../../src/disks/loop-disk.ts';
import { mountImage } from '../../../src/disks/mounts.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { emptyDisk, fillDisk, freeMegabytes, refillDisk, smallDisk } from '../../support/small-disk.ts';

const run = promisify(execFile);
const MIB = 2 ** 20;
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Variables = Readonly<Record<string, string>>;

async function start(dataDir: string, variables: Variables): Promise<RealServer> {
  const server = await startRealServer({ SANDBOX_DATA_DIR: dataDir, ...variables });
  closers.push(() => server.leave());
  return server;
}

const OVERCOMMITTED = {
  SANDBOX_DISK_MECHANISM: 'loop',
  SANDBOX_DISK_LIMIT: '256m',
  SANDBOX_DISK_RESERVE: '48m',
} as const;

const ALMOST_FULL = /disk of the server is almost full/;
const FILL = 'cat /dev/zero > big';

function put(server: RealServer, user: string, path: string, content: string) {
  const headers = { 'x-api-key': 'key-for-these-tests', 'content-type': 'application/octet-stream' };
  return server.call('PUT', `/sandbox/${user}/raw?path=${path}`, undefined, { headers, body: content });
}

const contentOf = (index: number) => `${index} `.repeat(200_000);

/** Uploads until one is refused; how many were acknowledged. */
async function uploadUntilRefused(server: RealServer, user: string): Promise<number> {
  for (let index = 0; ; index += 1) {
    const { status, body } = await put(server, user, `up-${index}`, contentOf(index));
    if (status === 201) continue;
    expect({ status, body }).toMatchObject({ status: 507, body: { error: expect.stringMatching(ALMOST_FULL) } });
    return index;
  }
}

describe('sandboxes that together have more than the disk of the server', () => {
  it('are held back before it is full; what was acknowledged stays, and all goes on once there is room', async () => {
    const dataDir = await smallDisk(320, closers);
    const server = await start(dataDir, OVERCOMMITTED);
    for (const user of ['a', 'b', 'neighbour']) await server.shell(user, 'echo kept > kept.txt');
    const [acknowledged, ...filled] = await Promise.all([
      uploadUntilRefused(server, 'neighbour'),
      server.shell('a', FILL),
      server.shell('b', FILL),
    ]);
    for (const { body } of filled) expect(body.error).toMatch(/No space left on device/);
    expect(acknowledged).toBeGreaterThan(0);
    expect(await freeMegabytes(dataDir)).toBeGreaterThan(24);
    expect((await server.call('POST', '/sandbox/a/file', { path: 'x', content: 'x' })).body.error).toMatch(ALMOST_FULL);
    expect((await server.call('POST', '/sandbox/a/pip/install', { package: 'x' })).status).toBe(507);
    expect((await server.call('POST', '/sandbox/new/create')).status).toBe(507);

    for (const user of ['a', 'b', 'neighbour']) {
      expect((await server.call('POST', `/sandbox/${user}/stop`)).body).toEqual({ status: 'stopped' });
      expect((await server.shell(user, 'cat kept.txt')).body.output).toBe('kept\n');
    }
    for (let index = 0; index < acknowledged; index += 1) {
      const { body } = await server.call('GET', `/sandbox/neighbour/file?path=up-${index}`);
      expect(body.content).toBe(contentOf(index));
    }
    // Of both: how much each of them got before all were held back is chance.
    for (const user of ['a', 'b']) {
      expect((await server.shell(user, 'rm big; sync')).body).toMatchObject({ success: true });
    }
    await expect.poll(async () => (await put(server, 'b', 'later', 'x')).status, { timeout: 30_000 }).toBe(201);
    for (const user of ['a', 'b', 'neighbour']) {
      expect((await server.call('DELETE', `/sandbox/${user}`)).body).toMatchObject({ status: 'deleted' });
    }
  });

  it('cannot promise themselves more beforehand', async () => {
    const dataDir = await smallDisk(320, closers);
    const server = await start(dataDir, OVERCOMMITTED);
    const promised = await server.shell('a', 'fallocate -l 150M promised');
    expect(promised.body).toMatchObject({ success: true });
    expect((await server.shell('b', FILL)).body.error).toMatch(/No space left on device/);
    const code =
      "f = open('promised', 'r+b')\nfor _ in range(150): f.write(bytes(2**20))\nf.flush()\nimport os\nos.fsync(f)";
    expect((await server.execute('a', code)).body).toMatchObject({ success: true });
    expect(await freeMegabytes(dataDir)).toBeGreaterThan(24);
  });
});

describe('images that are all written between two looks', () => {
  /** Folders of mounted images of 256 MiB. */
  async function openImages(dataDir: string, names: readonly string[]): Promise<string[]> {
    return await Promise.all(
      names.map(async (name) => {
        const [image, mountPoint] = [join(dataDir, name, 'disk.img'), join(dataDir, name, 'disk')];
        await mkdir(mountPoint, { recursive: true });
        await makeImage(ownNamespace, image, 256 * MIB);
        await mountImage(ownNamespace, image, mountPoint);
        return mountPoint;
      }),
    );
  }

  it.each([
    ['written', (folder: string) => run('dd', ['if=/dev/zero', `of=${folder}/big`, 'bs=1M', 'conv=fsync'])],
    ['promised', (folder: string) => run('fallocate', ['-l', '200M', `${folder}/big`])],
  ])('leave the reserve, however much is %s at once', async (_, take) => {
    const dataDir = await smallDisk(320, closers);
    const folders = await openImages(dataDir, ['a', 'b', 'c', 'd']);
    const disk = new LoopDisk(ownNamespace, 256 * MIB, () => undefined);
    const { roomBytes } = await disk.shareRoom(dataDir, 48 * MIB);
    expect(roomBytes).toBeGreaterThan(100 * MIB);
    for (const taken of await Promise.allSettled(folders.map(take))) expect(taken.status).toBe('rejected');
    await disk.flush(dataDir);
    const after = await disk.shareRoom(dataDir, 48 * MIB);
    expect(after.roomBytes).toBeGreaterThan(-4 * MIB);
    expect(await freeMegabytes(dataDir)).toBeGreaterThan(44);
  });
});

describe.each(['loop', 'measure'] as const)(
  'a disk that others have filled to the last byte, with disks by %s',
  (mechanism) => {
    const variables = { ...OVERCOMMITTED, SANDBOX_DISK_LIMIT: '64m', SANDBOX_DISK_MECHANISM: mechanism };

    it('lets sandboxes be read, stopped, started and deleted, which the next server does not forget', async () => {
      const dataDir = await smallDisk(320, closers);
      const server = await start(dataDir, variables);
      for (const user of ['runs', 'stopped', 'deleted', 'gone']) {
        expect((await put(server, user, 'kept.txt', 'kept')).status).toBe(201);
      }
      await server.call('POST', '/sandbox/stopped/stop');
      await server.call('POST', '/sandbox/gone/stop');
      await fillDisk(dataDir);
      const read = (from: RealServer, user: string) => from.call('GET', `/sandbox/${user}/file?path=kept.txt`);
      for (const user of ['runs', 'stopped', 'deleted']) {
        expect((await read(server, user)).body).toMatchObject({ content: 'kept' });
        expect((await put(server, user, 'more', 'x')).status).toBe(507);
        expect((await server.call('POST', `/sandbox/${user}/stop`)).status).toBe(200);
        expect((await read(server, user)).body).toMatchObject({ content: 'kept' });
      }
      for (const user of ['deleted', 'gone']) {
        expect((await server.call('DELETE', `/sandbox/${user}`)).body).toMatchObject({ status: 'deleted' });
      }
      await server.leave();

      const second = await start(dataDir, variables);
      for (const user of ['deleted', 'gone'])
        expect((await second.call('GET', `/sandbox/${user}/status`)).status).toBe(404);
      expect((await read(second, 'runs')).body).toMatchObject({ content: 'kept' });
      expect((await second.call('POST', '/sandbox/deleted/create')).status).toBe(507);
      await emptyDisk(dataDir);
      for (const user of ['runs', 'stopped', 'deleted', 'gone']) {
        expect((await read(second, user)).body).toMatchObject({ content: 'kept' });
        expect((await put(second, user, 'more', 'x')).status).toBe(201);
      }
    });
  },
);

describe('a disk that was filled while no server looked, by somebody who takes what is given up too', () => {
  it('lets sandboxes be stopped and read, whose last writes had not found their place', async () => {
    const dataDir = await smallDisk(320, closers);
    const first = await start(dataDir, { ...OVERCOMMITTED, SANDBOX_DISK_LIMIT: '64m' });
    await first.shell('other', 'true');
    expect((await put(first, 'a', 'kept.txt', 'kept')).status).toBe(201);
    await first.leave();
    await fillDisk(dataDir);
    const [second] = await Promise.all([start(dataDir, OVERCOMMITTED), refillDisk(dataDir)]);
    expect((await second.call('POST', '/sandbox/a/stop')).body).toEqual({ status: 'stopped' });
    expect((await second.call('GET', '/sandbox/a/file?path=kept.txt')).body).toMatchObject({ content: 'kept' });
  });
});

describe('a sandbox whose disk is measured', () => {
  it('is stopped with a sentence when it fills the disk of the server, and is there again', async () => {
    const dataDir = await smallDisk(600, closers);
    const server = await start(dataDir, { SANDBOX_DISK_MECHANISM: 'measure', SANDBOX_DISK_RESERVE: '400m' });
    await server.shell('a', 'echo kept > kept.txt');
    const slowly = 'for i in $(seq 600); do dd if=/dev/zero bs=1M count=8 >> big 2>/dev/null; sleep 0.1; done';
    const { body } = await server.shell('a', slowly, { timeout: 120 });
    expect(body).toMatchObject({ success: false, error: expect.stringMatching(ALMOST_FULL) });
    expect(await freeMegabytes(dataDir)).toBeGreaterThan(50);
    expect((await server.shell('a', 'cat kept.txt')).body.output).toBe('kept\n');
  });
});
