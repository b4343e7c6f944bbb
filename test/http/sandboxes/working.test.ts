import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startFakeApp } from '../../support/fake-app.ts';

let fake: FakeApp;
/** CPU time of the programs of each sandbox so far, in milliseconds. */
let cpuMs: number;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  cpuMs = 0;
  const engine = new FakeEngine();
  engine.onAgent = (agent) => {
    agent.onLoad = () => ({ memoryBytes: 1, cpuNanos: cpuMs * 1e6 });
  };
  const variables = { SANDBOX_PAUSE_AFTER: '300', SANDBOX_DOCKER_TIMEOUT: '900', SANDBOX_BACKGROUND_MAX: '3600' };
  fake = await startFakeApp(variables, engine);
  await fake.call('POST', '/sandbox/u/create');
});

afterEach(async () => {
  vi.useRealTimers();
  await fake.close();
});

const stateOf = (): string | undefined => [...fake.engine.sandboxes.values()][0]?.state;

/** Lets half a minute pass in which programs take so much CPU time, and the passes that are due in it. */
async function pass(usedMs: number): Promise<void> {
  fake.clock.nowMs += 30_000;
  cpuMs += usedMs;
  await vi.advanceTimersByTimeAsync(500);
  for (let turns = 0; turns < 50; turns += 1) await new Promise(setImmediate);
}

describe('a sandbox that nobody asks anything of', () => {
  it('is paused when its time is over and nothing works in it', async () => {
    for (let passes = 0; passes < 9; passes += 1) await pass(10);
    expect(stateOf()).toBe('running');
    await pass(10);
    await pass(10);
    expect(stateOf()).toBe('paused');
  });

  it('runs on while its programs use half a second a minute, up to the maximum, and is paused soon after they end', async () => {
    for (let passes = 0; passes < 60; passes += 1) await pass(400);
    expect(stateOf()).toBe('running');
    for (let passes = 0; passes < 3; passes += 1) await pass(0);
    while (stateOf() !== 'stopped') await pass(0);
  });

  it('is stopped at the maximum although it works', async () => {
    for (let passes = 0; passes < 119; passes += 1) await pass(400);
    expect(stateOf()).toBe('running');
    while (stateOf() !== 'stopped') await pass(400);
  });
});
