import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { runCommand } from '../support/operator-command.ts';
import { removeAll } from '../support/real-server.ts';
import { startServerProcess } from '../support/server-process.ts';

let parent: string;

afterEach(async () => {
  await removeAll(join(parent, 'data'));
  await rm(parent, { recursive: true, force: true });
});

it('what runs on Incus is stopped by down, and is in no backup before that', async () => {
  parent = await mkdtemp(join(tmpdir(), 'clara-operators-'));
  const variables = { SANDBOX_DATA_DIR: join(parent, 'data'), SANDBOX_API_PORT: '1' };
  const server = await startServerProcess({ SANDBOX_DATA_DIR: variables.SANDBOX_DATA_DIR, SANDBOX_MODE: 'incus' });
  for (const user of ['runs', 'rests']) {
    const { body } = await server.call('POST', `/sandbox/${user}/shell`, { command: 'echo kept > file; sleep 9991 &' });
    expect(body).toMatchObject({ success: true });
  }
  expect((await server.call('POST', '/sandbox/rests/pause')).status).toBe(200);
  await server.end('SIGKILL');
  const backup = join(parent, 'backup');
  const refused = await runCommand('backup', [backup], variables);
  expect(refused).toEqual({ code: 1, text: expect.stringContaining('Sandboxes still run (2)') });
  expect(await runCommand('down', [], variables)).toEqual({
    code: 0,
    text: expect.stringContaining('Stopped 2 sandboxes;'),
  });
  expect(await runCommand('down', [], variables)).toEqual({
    code: 0,
    text: expect.stringContaining('Stopped 0 sandboxes;'),
  });
  expect(await runCommand('backup', [backup], variables)).toMatchObject({ code: 0 });
  const next = await startServerProcess({ SANDBOX_DATA_DIR: variables.SANDBOX_DATA_DIR, SANDBOX_MODE: 'incus' });
  const { body } = await next.call('POST', '/sandbox/rests/shell', { command: 'cat file' });
  expect(body).toMatchObject({ output: 'kept\n' });
  expect(await next.end('SIGTERM')).toBe(0);
});
