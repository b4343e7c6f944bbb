import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type RealServer, removeAll, startRealServer } from '../../support/real-server.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { NO_TRACES, readTraces, readTracesAtRest } from '../../support/traces.ts';

const MAIN = 'test/support/crashing-server.ts';
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** What is there when the server is killed, what it is asked for then, and where it dies. */
interface Scenario {
  readonly what: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** True where the sandbox exists before, with a file that was acknowledged. */
  readonly isThere: boolean;
  readonly isPooled: boolean;
  readonly act: readonly [method: string, path: string];
  readonly steps: readonly string[];
}

const scenarios: readonly Scenario[] = [
  {
    what: 'a create from nothing',
    isThere: false,
    isPooled: false,
    act: ['POST', '/sandbox/u/create'],
    steps: [
      'before fs.rename disk.img',
      'after store.openFolders',
      'before fs.rename sandbox.json',
      'after store.write',
      'after engine.create',
      'after engine.start',
      'after engine.exec',
    ],
  },
  {
    what: 'a claim from the pool',
    isThere: false,
    isPooled: true,
    act: ['POST', '/sandbox/u/create'],
    steps: [
      'before store.claimPoolFolder',
      'before fs.rename sandbox.json',
      'after fs.rename sandbox.json',
      'after store.claimPoolFolder',
      'after engine.rename',
    ],
  },
  {
    what: 'a stop',
    isThere: true,
    isPooled: false,
    act: ['POST', '/sandbox/u/stop'],
    steps: ['before engine.stop', 'after engine.stop', 'after store.closeFolders', 'before fs.rename sandbox.json'],
  },
  {
    what: 'a stop of one from the pool',
    isThere: true,
    isPooled: true,
    act: ['POST', '/sandbox/u/stop'],
    steps: ['after engine.stop', 'after engine.remove', 'after engine.create', 'after store.closeFolders'],
  },
  {
    what: 'a delete',
    isThere: true,
    isPooled: false,
    act: ['DELETE', '/sandbox/u'],
    steps: ['before engine.remove', 'after engine.remove', 'after store.closeFolders', 'after store.write'],
  },
  {
    what: 'a restart',
    isThere: true,
    isPooled: false,
    act: ['POST', '/sandbox/u/restart'],
    steps: ['after engine.stop', 'after store.write', 'after engine.start', 'after engine.exec'],
  },
];

describe.each(scenarios)('SIGKILL of the server in $what', ({ isThere, isPooled, act, steps }) => {
  it.each(steps)('%s: keeps what was acknowledged and leaks nothing', async (step) => {
    const variables = await dataFolder();
    const first = await startProcess({ ...variables, SANDBOX_POOL_SIZE: isPooled ? '1' : '0' });
    if (isPooled) await ask(first, 'pool');
    if (isThere) await first.call('POST', '/sandbox/u/execute', { code: "open('kept.txt', 'w').write('kept')" });
    const before = isThere ? (await first.call('GET', '/sandbox/u/status')).body : null;
    await ask(first, step);
    await dies(first, () => first.call(...act));

    const second = await restart(variables);
    await expectWhole(second, before);
  });
});

describe('SIGKILL of the server while it fills the pool', () => {
  it.each(['after store.openFolders', 'after engine.create', 'after engine.start', 'after engine.exec'])(
    '%s: leaks nothing',
    async (step) => {
      const variables = await dataFolder();
      const crashing = { ...variables, SANDBOX_POOL_SIZE: '1', CRASH_AT: step };
      const first = await startProcess(crashing);
      await dies(first, async () => undefined);
      const second = await restart(variables);
      expect(await readTracesAtRest(second.dataDir, 0)).toEqual(NO_TRACES);
      await expectWhole(second, null);
    },
  );
});

async function expectWhole(server: RealServer, before: Record<string, unknown> | null): Promise<void> {
  const status = await server.call('GET', '/sandbox/u/status');
  const isUp = status.body.status === 'running';
  const running = await readTracesAtRest(server.dataDir, isUp ? 1 : 0);
  expect(running.containers.length).toBeLessThanOrEqual(1);
  expect(status.status === 404 ? [200, 404] : [200]).toContain(status.status);
  if (before !== null && status.status === 200) expect(status.body.created_at).toBe(before.created_at);

  const read = await server.execute('u', "import os; print(os.path.exists('kept.txt') and open('kept.txt').read())");
  expect(read.body).toMatchObject({ success: true, output: before === null ? 'False\n' : 'kept\n' });
  expect((await readTraces(server.dataDir)).containers).toHaveLength(1);
  expect((await server.call('GET', '/info')).body.active_sandboxes).toBe(1);

  expect((await server.call('DELETE', '/sandbox/u')).body).toEqual({ status: 'deleted', files_preserved: true });
  expect((await server.call('GET', '/sandbox/u/status')).status).toBe(404);
  expect((await server.call('GET', '/info')).body.active_sandboxes).toBe(0);
  expect(await readTracesAtRest(server.dataDir, 0)).toEqual(NO_TRACES);
}

async function dataFolder(): Promise<Readonly<Record<string, string>>> {
  const SANDBOX_DATA_DIR = await mkdtemp(join(tmpdir(), 'clara-kill-'));
  closers.push(() => removeAll(SANDBOX_DATA_DIR));
  return { SANDBOX_DATA_DIR, SANDBOX_DISK_LIMIT: '64m' };
}

async function startProcess(variables: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const server = await startServerProcess(variables, MAIN);
  closers.push(() => server.end('SIGKILL'));
  return server;
}

async function restart(variables: Readonly<Record<string, string>>): Promise<RealServer> {
  const server = await startRealServer(variables);
  closers.push(() => server.leave());
  return server;
}

async function ask({ child }: ServerProcess, message: string): Promise<void> {
  const answered = once(child, 'message');
  child.send(message);
  await answered;
}

/** Proves that the step was reached: a server that does not come to it answers, and lives. */
async function dies({ child }: ServerProcess, act: () => Promise<unknown>): Promise<void> {
  const exited = child.signalCode === null ? once(child, 'exit') : Promise.resolve();
  await act().then(
    (answer) => {
      if (answer !== undefined) throw new Error(`The step was not reached: ${JSON.stringify(answer)}`);
    },
    () => undefined,
  );
  await exited;
  expect(child.signalCode).toBe('SIGKILL');
}
