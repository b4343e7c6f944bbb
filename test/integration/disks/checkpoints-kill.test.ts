import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type RealServer, removeAll, startRealServer } from '../../support/real-server.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { NO_TRACES, readTracesAtRest } from '../../support/traces.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** What is done to plain folders, and not to disk images. */
const FOLDER_STEPS = /prlimit|tar|sync|files\.|workspace|packages/;

/** A request to the server that is to die. */
type Act = (server: ServerProcess) => Promise<{ readonly body: Record<string, unknown> }>;

/** A server that dies at a step of the act that follows the preparation, and then another over the same folder. */
async function restartAfter(step: string, act: Act, prepare: Act = async () => ({ body: {} })): Promise<RealServer> {
  // A step of plain folders alone, or of disk images and both.
  const SANDBOX_DISK_MECHANISM = FOLDER_STEPS.test(step) ? 'measure' : 'loop';
  const SANDBOX_DATA_DIR = await mkdtemp(join(tmpdir(), 'clara-kill-'));
  closers.push(() => removeAll(SANDBOX_DATA_DIR));
  const variables = { SANDBOX_DATA_DIR, SANDBOX_DISK_LIMIT: '64m', SANDBOX_POOL_SIZE: '0', SANDBOX_DISK_MECHANISM };
  const first = await startServerProcess(variables, 'test/support/crashing-server.ts');
  closers.push(() => first.end('SIGKILL'));
  await first.call('POST', '/sandbox/u/shell', { command: 'echo before > a.txt' });
  await prepare(first);
  const answered = once(first.child, 'message');
  first.child.send(step);
  await answered;
  const exited = once(first.child, 'exit');
  await expect(act(first)).rejects.toThrow(/fetch failed/);
  await exited;
  expect(first.child.signalCode).toBe('SIGKILL');
  const second = await startRealServer(variables);
  closers.push(() => second.leave());
  return second;
}

/** What it has can be used, and nothing is left of what was under way. */
async function expectWhole(server: RealServer, output: RegExp): Promise<void> {
  expect((await server.shell('u', 'cat a.txt')).body.output).toMatch(output);
  const { checkpoints } = (await server.call('GET', '/sandbox/u/checkpoints')).body;
  for (const { id } of checkpoints) {
    expect(await server.call('POST', `/sandbox/u/checkpoints/${id}/restore`)).toMatchObject({ status: 200 });
    expect((await server.shell('u', 'cat a.txt')).body.output).toBe('before\n');
  }
  expect((await server.call('POST', '/sandbox/u/checkpoints')).status).toBe(201);
  expect((await server.call('DELETE', '/sandbox/u')).status).toBe(200);
  expect(await readTracesAtRest(server.dataDir, 0)).toEqual(NO_TRACES);
}

describe('SIGKILL of the server while it takes a checkpoint', () => {
  it.each([
    'before engine.pause',
    'after engine.pause',
    'before run cp',
    'before engine.resume',
    'after engine.resume',
    'before run e2fsck',
    'before run prlimit',
    'before fs.rename checkpoint.json',
    'after fs.rename checkpoint.json',
  ])('%s: the next server thaws the sandbox, and lists nothing half-made', async (step) => {
    const server = await restartAfter(step, (first) => first.call('POST', '/sandbox/u/checkpoints'));
    expect((await server.call('GET', '/sandbox/u/status')).body.status).toBe('running');
    expect((await server.call('GET', '/sandbox/u/checkpoints')).body).toEqual({ checkpoints: [] });
    await expectWhole(server, /^before\n$/);
  });
});

describe('SIGKILL of the server while it restores a checkpoint', () => {
  it.each([
    'before run cp',
    'before run e2fsck',
    'after engine.stop',
    'before fs.rename disk.img',
    'after fs.rename disk.img',
    'after engine.start',
    'before run tar',
    'before fs.rename files.next',
    'after fs.rename files.next',
    'after fs.rename workspace',
    'after fs.rename packages',
  ])('%s: the files are those of before or those of the checkpoint', async (step) => {
    let id = '';
    const server = await restartAfter(
      step,
      (first) => first.call('POST', `/sandbox/u/checkpoints/${id}/restore`),
      async (first) => {
        id = String((await first.call('POST', '/sandbox/u/checkpoints')).body.id);
        return await first.call('POST', '/sandbox/u/shell', { command: 'echo after > a.txt' });
      },
    );
    expect((await server.call('GET', '/sandbox/u/checkpoints')).body.checkpoints).toHaveLength(1);
    await expectWhole(server, /^(before|after)\n$/);
  });
});

describe('SIGKILL of the server while it makes a fork', () => {
  it.each([
    'before run cp',
    'before run prlimit',
    'before run tar',
    'before fs.rename sandbox.json',
    'after store.claimPoolFolder',
    'after engine.start',
  ])('%s: there is a whole one, or none and another can be made', async (step) => {
    const from = { user_id: 'u' };
    const server = await restartAfter(step, (first) => first.call('POST', '/sandbox/fork/create', { from }));
    const { status } = await server.call('POST', '/sandbox/fork/create', { from });
    expect([200, 409]).toContain(status);
    expect((await server.shell('fork', 'cat a.txt')).body).toMatchObject({ output: 'before\n', error: null });
    expect((await server.call('DELETE', '/sandbox/fork?files=true')).status).toBe(200);
    await expectWhole(server, /^before\n$/);
  });
});
