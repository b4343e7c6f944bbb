import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SandboxError } from '../../../src/base/errors.ts';
import type { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { until } from '../../support/until.ts';

const opened: FakeApp[] = [];

afterEach(async () => {
  for (const fake of opened.splice(0).reverse()) await fake.close();
});

async function start(variables: Readonly<Record<string, string>>, engine?: FakeEngine): Promise<FakeApp> {
  const fake = await startNativeApp(variables, engine);
  opened.push(fake);
  return fake;
}

/** Lets a call about the sandboxes with this in their name fail; the next that succeeds ends that. */
function failFor(engine: FakeEngine, verb: 'stop' | 'remove', part: string): { times: number } {
  const failing = { times: Number.POSITIVE_INFINITY };
  const [stop, remove] = [engine.stop.bind(engine), engine.remove.bind(engine)];
  const fail = (id: string) => {
    if (failing.times <= 0 || !engine.get(id).name.includes(part)) return;
    failing.times -= 1;
    throw new SandboxError('unavailable', 'The engine could not do that: device or resource busy');
  };
  if (verb === 'stop') {
    engine.stop = async (id, graceSeconds) => {
      fail(id);
      await stop(id, graceSeconds);
    };
  } else {
    engine.remove = async (id) => {
      if (engine.sandboxes.get(id)) fail(id);
      await remove(id);
    };
  }
  return failing;
}

const stateOf = async ({ call }: FakeApp, user: string) => (await call('GET', `/sandbox/${user}/status`)).json().status;

it('at the cap another gives way in the place of one that cannot be stopped', async () => {
  const fake = await start({ SANDBOX_MAX_CONTAINERS: '2', SANDBOX_PAUSE_AFTER: '0' });
  for (const user of ['stuck', 'other']) {
    await fake.call('POST', `/sandbox/${user}/create`);
    fake.clock.nowMs += 600_000;
  }
  failFor(fake.engine, 'stop', 'stuck');
  expect((await fake.call('POST', '/sandbox/new/create')).statusCode).toBe(200);
  expect(await stateOf(fake, 'other')).toBe('stopped');
  expect(await stateOf(fake, 'stuck')).toBe('running');
});

describe('what an earlier server has left', () => {
  it('is taken over, and the pool filled, although a container of nobody cannot be removed', async () => {
    const first = await start({});
    for (const user of ['bad', 'good']) await first.call('POST', `/sandbox/${user}/create`);
    await first.app.close();
    const folder = (await readdir(first.dataDir)).find((name) => name.startsWith('bad-')) ?? '';
    await rm(join(first.dataDir, folder), { recursive: true });
    first.engine.revive();
    failFor(first.engine, 'remove', 'bad-');
    const second = await start({ SANDBOX_DATA_DIR: first.dataDir, SANDBOX_POOL_SIZE: '1' }, first.engine);
    expect(await stateOf(second, 'good')).toBe('running');
    await until('the pool is filled', () => first.engine.sandboxes.size === 3);
  });

  it('is stopped in the next pass where it may not run on and could not be stopped', async () => {
    const first = await start({ SANDBOX_NETWORK: 'proxy' });
    for (const user of ['bad', 'good']) await first.call('POST', `/sandbox/${user}/create`);
    await first.app.close();
    first.engine.revive();
    const failing = failFor(first.engine, 'stop', 'bad-');
    const second = await start({ SANDBOX_DATA_DIR: first.dataDir, SANDBOX_NETWORK: 'none' }, first.engine);
    expect(await stateOf(second, 'good')).toBe('stopped');
    expect(await stateOf(second, 'bad')).toBe('running');
    failing.times = 0;
    second.clock.nowMs += 5_000;
    await until('it is stopped', async () => (await stateOf(second, 'bad')) === 'stopped');
  });
});
