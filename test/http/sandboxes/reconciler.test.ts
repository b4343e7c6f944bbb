import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { losingEngine } from '../../support/engine-away.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { type PassingTime, startPassingTime } from '../../support/passing-time.ts';
import { until } from '../../support/until.ts';

let time: PassingTime;
const opened: FakeApp[] = [];

beforeEach(() => {
  time = startPassingTime();
});

afterEach(async () => {
  time.end();
  for (const fake of opened.splice(0).reverse()) await fake.close();
});

async function start(variables: Readonly<Record<string, string>> = {}, engine?: FakeEngine): Promise<FakeApp> {
  const fake = await startNativeApp(variables, engine);
  opened.push(fake);
  return fake;
}

/** Moves on to a pass of the reconciler, and waits until it is over. */
async function reconcile(fake: FakeApp, isDone: () => boolean | Promise<boolean>): Promise<void> {
  await time.pass(fake.clock, 61);
  await until('the pass is over', isDone);
}

async function untilAgentRuns({ engine }: FakeApp): Promise<void> {
  await until('an agent runs in some sandbox', () =>
    [...engine.sandboxes.values()].some(({ execs }) => execs.size > 0),
  );
}

describe('after an engine that failed a create and its clean-up', () => {
  it.each(['start', 'exec'] as const)('in %s: there is no sandbox, and the container goes', async (verb) => {
    const fake = await start();
    const creating = await losingEngine(fake.engine, verb, () => fake.call('POST', '/sandbox/u/create'));
    expect(creating.statusCode).toBe(503);
    expect((await fake.call('GET', '/sandbox/u/status')).statusCode).toBe(404);
    expect(fake.engine.sandboxes.size).toBe(1);
    fake.engine.down = false;
    await reconcile(fake, () => fake.engine.sandboxes.size === 0);
    expect((await fake.call('GET', '/info')).json().active_sandboxes).toBe(0);
    expect((await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' })).json().output).toBe('1\n');
  });

  it('the container of a sandbox that is there is counted and used again', async () => {
    const fake = await start();
    const id = (await fake.call('POST', '/sandbox/u/create')).json().container_id;
    await fake.call('POST', '/sandbox/u/stop');
    const starting = await losingEngine(fake.engine, 'exec', () => fake.call('POST', '/sandbox/u/create'));
    expect(starting.statusCode).toBe(503);
    expect((await fake.call('GET', '/info')).json().active_sandboxes).toBe(0);
    fake.engine.down = false;
    fake.engine.calls.length = 0;
    await reconcile(fake, () => fake.engine.calls.some((call) => call.startsWith('inspect')));
    expect((await fake.call('GET', '/info')).json().active_sandboxes).toBe(1);
    expect((await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' })).json().output).toBe('1\n');
    expect((await fake.call('GET', '/sandbox/u/status')).json().container_id).toBe(id);
  });
});

describe('after an engine that failed a claim from the pool', () => {
  it('neither the container nor the folder of the pool stays', async () => {
    const fake = await start({ SANDBOX_POOL_SIZE: '1' });
    await untilAgentRuns(fake);
    const creating = await losingEngine(fake.engine, 'rename', () => fake.call('POST', '/sandbox/u/create'));
    expect(creating.statusCode).toBe(503);
    expect((await fake.call('GET', '/sandbox/u/status')).statusCode).toBe(404);
    const [leftover] = fake.engine.sandboxes.keys();
    fake.engine.down = false;
    await reconcile(fake, () => !fake.engine.sandboxes.has(leftover ?? ''));
    expect((await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' })).json().output).toBe('1\n');
  });
});

describe('the end of a server', () => {
  it('takes away what the pool could not, once the engine answers again', async () => {
    const fake = await start({ SANDBOX_POOL_SIZE: '1' });
    await untilAgentRuns(fake);
    const gate = fake.engine.hold('remove');
    const closing = fake.app.close();
    await gate.reached;
    const again = fake.engine.hold('list');
    fake.engine.down = true;
    gate.release();
    await again.reached;
    fake.engine.down = false;
    again.release();
    await closing;
    expect(fake.engine.sandboxes.size).toBe(0);
    expect((await readdir(fake.dataDir)).filter((name) => name.startsWith('pool-'))).toEqual([]);
  });

  it('takes away the container of the pool whose folder is gone already', async () => {
    const engine = new FakeEngine();
    const gate = engine.hold('start');
    const fake = await start({ SANDBOX_POOL_SIZE: '1' }, engine);
    await gate.reached;
    engine.down = true;
    gate.release();
    await until('the folder of the pool is gone', async () => {
      return !(await readdir(fake.dataDir)).some((name) => name.startsWith('pool-'));
    });
    expect(engine.sandboxes.size).toBe(1);
    engine.down = false;
    await fake.app.close();
    expect(engine.sandboxes.size).toBe(0);
  });
});

describe('adoption after an engine that was away', () => {
  it('leaves the sandbox of a smoke test that is under way', async () => {
    const engine = new FakeEngine();
    engine.down = true;
    const fake = await start({}, engine);
    engine.down = false;
    await fake.call('POST', '/sandbox/u/create');
    const gate = engine.hold('start');
    const changing = fake.call('PATCH', '/sandbox/u', { memory_limit: '128m', allow_restart: true });
    await gate.reached;
    // The newest first, as Docker lists them.
    const list = engine.list.bind(engine);
    engine.list = async (labels) => (await list(labels)).toReversed();
    engine.calls.length = 0;
    const passing = time.pass(fake.clock, 6);
    await until('the engine has told what there is', () => engine.calls.some((call) => call.startsWith('list')));
    gate.release();
    await passing;
    expect((await changing).json()).toMatchObject({ restarted: true });
  });
});

describe('a pass of the reconciler', () => {
  it('leaves the sandbox of a smoke test that is under way', async () => {
    const fake = await start();
    await fake.call('POST', '/sandbox/u/create');
    const gate = fake.engine.hold('start');
    const changing = fake.call('PATCH', '/sandbox/u', { memory_limit: '128m', allow_restart: true });
    await gate.reached;
    const ownerless = join(fake.dataDir, 'pool-0123456789abcdef');
    await mkdir(ownerless);
    await reconcile(fake, async () => !(await readdir(fake.dataDir)).includes('pool-0123456789abcdef'));
    gate.release();
    expect((await changing).json()).toMatchObject({ restarted: true });
  });

  it('takes away pool folders that nobody answers for, and leaves what runs and what waits', async () => {
    const fake = await start({ SANDBOX_POOL_SIZE: '1' });
    await untilAgentRuns(fake);
    await fake.call('POST', '/sandbox/u/create', { memory_limit: '256m' });
    const ownerless = join(fake.dataDir, 'pool-0123456789abcdef');
    await mkdir(ownerless);
    const before = [...fake.engine.sandboxes.keys()];
    await reconcile(fake, () => true);
    await until('the ownerless folder is gone', async () => {
      return !(await readdir(fake.dataDir)).includes('pool-0123456789abcdef');
    });
    expect([...fake.engine.sandboxes.keys()]).toEqual(before);
    expect((await readdir(fake.dataDir)).filter((name) => name.startsWith('pool-'))).toHaveLength(1);
  });
});
