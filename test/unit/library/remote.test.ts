import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openSandboxes } from '../../../src/library/open-sandboxes.ts';
import { FolderLock } from '../../../src/sandboxes/storage/folder-lock.ts';

const HEALTHY = { status: 'healthy', docker: true, engine: 'docker', version: '0.1.0', service: 'gateway' };

describe('a program that names another server', () => {
  let dataDir: string;
  let server: Server;
  let url: string;
  let answer: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'clara-library-'));
    server = createServer((_request, response) => void response.end(answer)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await rm(dataDir, { recursive: true });
  });

  /** With what ran the sandboxes of the folder last away. */
  async function open(mode: string, folder = dataDir) {
    const away = join(dataDir, 'away.sock');
    const variables = { INCUS_REMOTE: away, SANDBOX_DISK_MECHANISM: 'measure' };
    return await openSandboxes({ mode, dataDir: folder, url, apiKey: 'the-key-of-that-server', variables });
  }

  async function noteEngine(): Promise<void> {
    const incus = { remote: join(dataDir, 'away.sock'), project: 'clara-sandbox' };
    const note = { version: 1, engine: 'incus', used: ['incus'], incus };
    await writeFile(join(dataDir, 'engine.json'), JSON.stringify(note));
  }

  it('in mode auto uses it where it is one of this project and well', async () => {
    answer = JSON.stringify(HEALTHY);
    await using sandboxes = await open('auto');
    expect(sandboxes.mode).toBe('remote');
  });

  it.each([
    ['another program', 'Welcome'],
    ['a page that a network shows first', '<html></html>'],
    ['another API with such a route', JSON.stringify({ service: 'gateway', status: 'ok' })],
    ['one of this project without its engine', JSON.stringify({ ...HEALTHY, status: 'unhealthy', docker: false })],
  ])('in mode auto falls back where %s answers there', async (_who, body) => {
    answer = body;
    await noteEngine();
    const lock = await FolderLock.take(dataDir);
    await expect(open('auto')).rejects.toThrow(/which another server has/);
    await lock.close();
  });

  it.each(['auto', 'remote'])('in mode %s does not fall back later, once this folder has used it', async (mode) => {
    answer = JSON.stringify(HEALTHY);
    await noteEngine();
    await (await open(mode)).close();
    answer = 'Welcome';
    await using sandboxes = await open('auto');
    expect(sandboxes.mode).toBe('remote');
  });

  it.each(['auto', 'remote'])('in mode %s has that noted in a folder that was not there', async (mode) => {
    answer = JSON.stringify(HEALTHY);
    const folder = join(dataDir, 'below', 'new');
    await (await open(mode, folder)).close();
    expect(JSON.parse(await readFile(join(folder, 'engine.json'), 'utf8'))).toMatchObject({ used: ['remote'] });
  });

  it.each([
    [undefined, {}, 60],
    [undefined, { SANDBOX_TIMEOUT: '7' }, 7],
    [20, { SANDBOX_TIMEOUT: '7' }, 20],
  ])('waits for its answers as long as timeout %s and %o say', async (timeout, variables, seconds) => {
    answer = JSON.stringify(HEALTHY);
    await using sandboxes = await openSandboxes({
      ...{ mode: 'remote', dataDir, url, apiKey: 'the-key-of-that-server', variables },
      ...(timeout === undefined ? {} : { timeout }),
    });
    const waits = vi.spyOn(AbortSignal, 'timeout');
    await sandboxes.health();
    expect(waits.mock.calls).toEqual([[seconds * 1000]]);
    waits.mockRestore();
  });

  it('goes without a folder where there can be none', async () => {
    answer = JSON.stringify(HEALTHY);
    await using sandboxes = await open('remote', '/proc/clara-sandbox');
    expect(sandboxes.mode).toBe('remote');
  });
});
