import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeAll } from '../../support/real-server.ts';
import { startRefused } from '../../support/refused-start.ts';
import { OWN_MOUNTS, type ServerProcess, startServerProcess } from '../../support/server-process.ts';

const MEASURED = { SANDBOX_DISK_MECHANISM: 'measure' };

let dataDir: string;
const servers: ServerProcess[] = [];

beforeEach(async () => {
  dataDir = await realpath(await mkdtemp(join(tmpdir(), 'clara-lock-')));
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.end('SIGTERM');
  await removeAll(dataDir);
});

async function start(before: readonly string[] = []): Promise<ServerProcess> {
  const server = await startServerProcess({ ...MEASURED, SANDBOX_DATA_DIR: dataDir }, 'src/main.ts', before);
  servers.push(server);
  return server;
}

const refused = (before: readonly string[] = []) => startRefused({ ...MEASURED, SANDBOX_DATA_DIR: dataDir }, before);

it('a second server on a data folder ends with a sentence, and the first goes on with its sandboxes', async () => {
  const first = await start();
  await first.call('POST', '/sandbox/u/create');
  await first.call('POST', '/sandbox/u/execute', { code: 'open("kept", "w").write("kept")' });
  const { code, sentence } = await refused();
  expect([code, sentence]).toEqual([
    1,
    expect.stringContaining(`SANDBOX_DATA_DIR is ${dataDir}, which another server`),
  ]);
  const { body } = await first.call('POST', '/sandbox/u/execute', { code: 'print(open("kept").read())' });
  expect(body).toMatchObject({ output: 'kept\n' });
});

it('a server that was killed leaves its data folder to the next one, as it is', async () => {
  const first = await start();
  await first.call('POST', '/sandbox/u/create');
  await first.call('POST', '/sandbox/u/execute', { code: 'open("kept", "w").write("kept")' });
  await first.end('SIGKILL');
  const second = await start();
  const { body } = await second.call('POST', '/sandbox/u/execute', { code: 'print(open("kept").read())' });
  expect(body).toMatchObject({ output: 'kept\n' });
});

it('a server with mounts of its own, as in a container, keeps one on the machine away and is kept away by it', async () => {
  const bound = [...OWN_MOUNTS, 'sh', '-c', `mount --bind ${dataDir} ${dataDir} && exec "$@"`, 'sh'];
  const first = await start(bound);
  expect((await refused()).sentence).toContain('which another server');
  await first.end('SIGKILL');
  await start();
  expect((await refused(bound)).sentence).toContain('which another server');
});
