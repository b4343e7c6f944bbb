import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { removeAll, startRealServer } from '../../support/real-server.ts';
import { emptyDisk, fillDisk, smallDisk } from '../../support/small-disk.ts';
import { NO_TRACES, readTracesAtRest } from '../../support/traces.ts';

const run = promisify(execFile);
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const READ_KEPT = { code: "print(open('kept.txt').read())" };

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

describe.each(['loop', 'measure'] as const)('a data folder with disks by %s', (mechanism) => {
  it('that is full: new sandboxes are a 507, the others are read, stopped and deleted, and all works once there is room', async () => {
    const dataDir = await smallDisk(200, closers);
    const server = await start(dataDir, mechanism);
    await server.call('POST', '/sandbox/u/file', { path: 'kept.txt', content: 'kept' });
    await fillDisk(dataDir);
    const refused = await server.call('POST', '/sandbox/new/create');
    expect(refused.status).toBe(507);
    expect(refused.body.error).toMatch(/full/);
    expect((await server.call('GET', '/sandbox/new/status')).status).toBe(404);
    expect((await server.call('POST', '/sandbox/u/execute', READ_KEPT)).body).toMatchObject({ output: 'kept\n' });
    expect((await server.call('GET', '/health')).body).toMatchObject({ status: 'healthy' });
    expect((await server.call('DELETE', '/sandbox/u')).body).toMatchObject({ status: 'deleted' });
    expect((await readTracesAtRest(dataDir, 0)).containers).toEqual([]);

    await emptyDisk(dataDir);
    expect((await server.call('POST', '/sandbox/u/execute', READ_KEPT)).body).toMatchObject({ output: 'kept\n' });
    expect((await server.call('POST', '/sandbox/new/create')).status).toBe(200);
    for (const user of ['u', 'new']) expect((await server.call('DELETE', `/sandbox/${user}`)).status).toBe(200);
    expect({ ...(await readTracesAtRest(dataDir, 0)), leftovers: [] }).toEqual(NO_TRACES);
  });

  it('that is read-only: changes are a 503 that names the data folder, and all works once it can be written', async () => {
    const dataDir = await smallDisk(200, closers);
    const server = await start(dataDir, mechanism);
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    await server.call('POST', '/sandbox/u/stop');
    await readTracesAtRest(dataDir, 0);
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
