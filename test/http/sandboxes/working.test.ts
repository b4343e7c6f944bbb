import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDeferred } from '../../../src/async/deferred.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { type PassingTime, startPassingTime } from '../../support/passing-time.ts';
import { until } from '../../support/until.ts';

let time: PassingTime;
let fake: FakeApp;
/** CPU time of the programs of each sandbox so far, in milliseconds. */
let cpuMs: number;
/** What it says of itself that is to keep it awake. */
let work: { processes: number; contexts: number };
let onWork: () => unknown;

beforeEach(async () => {
  time = startPassingTime();
  cpuMs = 0;
  work = { processes: 0, contexts: 0 };
  onWork = () => work;
  const engine = new FakeEngine();
  engine.onAgent = (agent) => {
    agent.onLoad = () => ({ memoryBytes: 1, cpuNanos: cpuMs * 1e6 });
    agent.onWork = () => onWork();
  };
  const variables = { SANDBOX_PAUSE_AFTER: '300', SANDBOX_DOCKER_TIMEOUT: '900', SANDBOX_BACKGROUND_MAX: '3600' };
  fake = await startNativeApp(variables, engine);
  await fake.call('POST', '/sandbox/u/create');
});

afterEach(async () => {
  time.end();
  await fake.close();
});

const stateOf = (): string | undefined => [...fake.engine.sandboxes.values()][0]?.state;

/** Lets half a minute pass in which programs take so much CPU time, and the passes that are due in it. */
async function pass(usedMs: number): Promise<void> {
  cpuMs += usedMs;
  await time.pass(fake.clock, 30);
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

  it('runs on while its programs use that in bursts, once a minute', async () => {
    for (let passes = 0; passes < 40; passes += 1) await pass(passes % 2 === 0 ? 600 : 0);
    expect(stateOf()).toBe('running');
  });

  it('is frozen, and not stopped with what its processes have said, when work ends that has gone on for longer than it may be idle', async () => {
    work = { processes: 1, contexts: 0 };
    for (let passes = 0; passes < 40; passes += 1) await pass(0);
    work = { processes: 0, contexts: 0 };
    for (let passes = 0; passes < 28; passes += 1) await pass(0);
    expect(stateOf()).toBe('paused');
    for (let passes = 0; passes < 4; passes += 1) await pass(0);
    expect(stateOf()).not.toBe('paused');
    const { last_stop: lastStop } = (await fake.call('GET', '/sandbox/u/status')).json();
    expect(lastStop.reason).toBe('idle');
  });

  it('is stopped at the maximum although it works, and says what that ended', async () => {
    for (let passes = 0; passes < 119; passes += 1) await pass(400);
    expect(stateOf()).toBe('running');
    while (stateOf() !== 'stopped') await pass(400);
    const { last_stop: lastStop } = (await fake.call('GET', '/sandbox/u/status')).json();
    expect(lastStop.reason).toBe('background_max: cpu');
  });

  it.each([
    ['a process that is to keep it awake', { processes: 1, contexts: 0 }, 'keep_awake'],
    ['a context that runs', { processes: 0, contexts: 1 }, 'context'],
  ])(
    'runs on while it has %s, without a moment of CPU, and is paused when that has ended',
    async (_what, kept, reason) => {
      work = kept;
      const info = async () => (await fake.call('GET', '/sandbox/u/status')).json();
      const { last_used: lastUsed } = await info();
      for (let passes = 0; passes < 40; passes += 1) await pass(0);
      expect(stateOf()).toBe('running');
      expect(await info()).toMatchObject({ awake_because: [reason], last_used: lastUsed });
      expect(Date.parse((await info()).awake_until) - Date.parse(lastUsed)).toBe(3_600_000);
      work = { processes: 0, contexts: 0 };
      await pass(0);
      await pass(0);
      expect(['paused', 'stopped']).toContain(stateOf());
    },
  );

  it('is paused as soon as its figures are there that somebody asks for just then', async () => {
    for (let passes = 0; passes < 9; passes += 1) await pass(0);
    const held = createDeferred<unknown>();
    const answers = [held.promise];
    onWork = () => answers.shift() ?? work;
    const asked = fake.call('GET', '/sandbox/u/status');
    await until('it is measured', () => answers.length === 0);
    for (let passes = 0; passes < 2; passes += 1) await time.begin(fake.clock, 30);
    expect(stateOf()).toBe('running');
    held.resolve(work);
    await asked;
    await until('it is paused', () => stateOf() === 'paused');
  });

  it('says until when it is awake', async () => {
    const {
      awake_because: because,
      awake_until: until,
      last_used: used,
    } = (await fake.call('GET', '/sandbox/u/status')).json();
    expect(because).toEqual([]);
    expect(Date.parse(until) - Date.parse(used)).toBe(300_000);
  });
});
