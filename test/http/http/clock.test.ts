import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeApp, FakeClock, startNativeApp } from '../../support/fake-app.ts';
import { type PassingTime, startPassingTime } from '../../support/passing-time.ts';
import { until } from '../../support/until.ts';

const DAY_MS = 24 * 3_600_000;

let time: PassingTime;
let fake: FakeApp;

beforeEach(async () => {
  time = startPassingTime();
  fake = await startNativeApp({ SANDBOX_PAUSE_AFTER: '60', SANDBOX_DOCKER_TIMEOUT: '600' });
});

afterEach(async () => {
  time.end();
  await fake.close();
});

const reap = () => time.pass(fake.clock, 5);

async function stateOf(): Promise<string> {
  return (await fake.call('GET', '/sandbox/u/status')).json().status;
}

describe('a jump of the wall clock', () => {
  it.each([
    ['forward', DAY_MS],
    ['back', -DAY_MS],
  ])('%s changes nothing in what counts as idle', async (_, jumpMs) => {
    await fake.call('POST', '/sandbox/u/create');
    fake.clock.wallOffsetMs = jumpMs;
    await reap();
    expect(await stateOf()).toBe('running');
    fake.clock.nowMs += 61_000;
    await reap();
    await until('the sandbox is paused', async () => (await stateOf()) === 'paused');
    fake.clock.wallOffsetMs = 0;
    await reap();
    expect(await stateOf()).toBe('paused');
    fake.clock.nowMs += 600_000;
    await reap();
    await until('the sandbox is stopped', async () => (await stateOf()) === 'stopped');
  });

  it.each([
    ['forward', DAY_MS],
    ['back', -DAY_MS],
  ])('%s while the server is down stops nothing before its time and nothing for ever', async (_, jumpMs) => {
    await fake.call('POST', '/sandbox/u/create');
    await fake.app.close();
    fake.engine.revive();
    const clock = new FakeClock();
    clock.wallOffsetMs = jumpMs;
    const next = await startNativeApp(
      { SANDBOX_DATA_DIR: fake.dataDir, SANDBOX_PAUSE_AFTER: '60', SANDBOX_DOCKER_TIMEOUT: '600' },
      fake.engine,
      { clock },
    );
    try {
      const state = async () => (await next.call('GET', '/sandbox/u/status')).json().status;
      expect(await state()).toBe('running');
      expect((await next.call('POST', '/sandbox/u/execute', { code: 'print(1)' })).json().output).toBe('1\n');
      await reap();
      expect(await state()).toBe('running');
      clock.nowMs += 601_000;
      await reap();
      await until('the sandbox is stopped', async () => (await state()) === 'stopped');
    } finally {
      await next.close();
    }
  });
});
