import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { removeAll, startRealServer } from '../support/real-server.ts';
import { NO_TRACES, readTracesAtRest } from '../support/traces.ts';

const run = promisify(execFile);
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const READ_KEPT = { code: "print(open('kept.txt').read())" };

/** A data folder in a small file system of its own, which a test can fill, make read-only and take away. */
async function smallFileSystem(megabytes: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clara-data-'));
  const dataDir = join(folder, 'data');
  const image = join(folder, 'image');
  await run('truncate', ['-s', `${megabytes}M`, image]);
  await run('mkfs.ext4', ['-q', image]);
  await run('mkdir', [dataDir]);
  await run('mount', ['-o', 'loop', image, dataDir]);
  closers.push(async () => {
    await run('umount', ['-l', dataDir]);
    await rm(folder, { recursive: true, force: true });
  });
  closers.push(async () => {
    await run('mount', ['-o', 'remount,rw', dataDir]);
    await removeAll(dataDir).catch((error: unknown) => {
      // The mount point itself stays until it is unmounted.
      if (!(error instanceof Error && 'code' in error && error.code === 'EBUSY')) throw error;
    });
  });
  return dataDir;
}

async function start(dataDir: string, mechanism: 'loop' | 'measure') {
  const server = await startRealServer({
    SANDBOX_DATA_DIR: dataDir,
    SANDBOX_DISK_MECHANISM: mechanism,
    SANDBOX_DISK_LIMIT: '64m',
    SANDBOX_DISK_RESERVE: '0',
  });
  closers.push(() => server.leave());
  return server;
}

async function fill(dataDir: string): Promise<void> {
  for (const blockBytes of ['1M', '1k', '1']) {
    const parameters = ['if=/dev/zero', `of=${join(dataDir, 'filler')}`, `bs=${blockBytes}`];
    await run('dd', [...parameters, 'oflag=append', 'conv=notrunc']).catch(() => undefined);
  }
}

describe.each(['loop', 'measure'] as const)('a data folder with disks by %s', (mechanism) => {
  it('that is full: new sandboxes are a 507, the others are read, stopped and deleted, and all works once there is room', async () => {
    const dataDir = await smallFileSystem(200);
    const server = await start(dataDir, mechanism);
    // A file in an image has its place on the machine's disk once it is written back; SANDBOX_DISK_RESERVE, off here, keeps that place.
    await server.execute(
      'u',
      "import os\nwith open('kept.txt', 'w') as file:\n file.write('kept')\n file.flush()\n os.fsync(file)",
    );
    await fill(dataDir);
    const refused = await server.call('POST', '/sandbox/new/create');
    expect(refused.status).toBe(507);
    expect(refused.body.error).toMatch(/full/);
    expect((await server.call('GET', '/sandbox/new/status')).status).toBe(404);
    expect((await server.call('POST', '/sandbox/u/execute', READ_KEPT)).body).toMatchObject({ output: 'kept\n' });
    expect((await server.call('GET', '/health')).body).toMatchObject({ status: 'healthy' });
    const deleted = await server.call('DELETE', '/sandbox/u');
    expect([200, 507]).toContain(deleted.status);
    expect((await readTracesAtRest(dataDir, 0)).containers).toEqual([]);

    await rm(join(dataDir, 'filler'));
    expect((await server.call('POST', '/sandbox/u/execute', READ_KEPT)).body).toMatchObject({ output: 'kept\n' });
    expect((await server.call('POST', '/sandbox/new/create')).status).toBe(200);
    for (const user of ['u', 'new']) expect((await server.call('DELETE', `/sandbox/${user}`)).status).toBe(200);
    expect({ ...(await readTracesAtRest(dataDir, 0)), strays: [] }).toEqual(NO_TRACES);
  });

  it('that is read-only: changes are a 503 that names the data folder, and all works once it can be written', async () => {
    const dataDir = await smallFileSystem(200);
    const server = await start(dataDir, mechanism);
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    await server.call('POST', '/sandbox/u/stop');
    await run('mount', ['-o', 'remount,ro', dataDir]);
    for (const path of ['/sandbox/u/execute', '/sandbox/new/execute']) {
      const { status, body } = await server.call('POST', path, READ_KEPT);
      expect(status).toBe(503);
      expect(body.error).toMatch(/operator must look at/);
    }
    expect((await server.call('GET', '/sandbox/u/status')).body).toMatchObject({ status: 'stopped' });
    await run('mount', ['-o', 'remount,rw', dataDir]);
    expect((await server.call('POST', '/sandbox/u/execute', READ_KEPT)).body).toMatchObject({ output: 'kept\n' });
    expect((await server.call('DELETE', '/sandbox/u')).status).toBe(200);
    expect((await readTracesAtRest(dataDir, 0)).containers).toEqual([]);
  });

  it('that is gone: calls are a 503, nothing is made, and all works once it is back', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'clara-gone-'));
    closers.push(() => removeAll(dataDir));
    const server = await start(dataDir, mechanism);
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    await server.call('POST', '/sandbox/u/stop');
    await readTracesAtRest(dataDir, 0);
    const copy = `${dataDir}-copy`;
    await cp(dataDir, copy, { recursive: true, preserveTimestamps: true });
    closers.push(() => rm(copy, { recursive: true, force: true }));
    await rm(dataDir, { recursive: true });
    for (const user of ['u', 'new']) {
      const { status, body } = await server.call('POST', `/sandbox/${user}/execute`, READ_KEPT);
      expect({ status, body }).toMatchObject({ status: 503, body: { error: expect.stringMatching(/data folder/) } });
    }
    expect((await server.call('GET', '/health')).status).toBe(200);
    await run('cp', ['-a', copy, dataDir]);
    expect((await server.call('POST', '/sandbox/u/execute', READ_KEPT)).body).toMatchObject({ output: 'kept\n' });
    expect((await server.call('DELETE', '/sandbox/u')).status).toBe(200);
    expect(await readTracesAtRest(dataDir, 0)).toEqual(NO_TRACES);
  });
});
