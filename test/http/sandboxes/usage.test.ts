import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDeferred } from '../../../src/async/deferred.ts';
import type { FakeAgent } from '../../fakes/fake-agent.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { withoutWaiting } from '../../support/without-waiting.ts';

let fake: FakeApp;

afterEach(async () => {
  vi.useRealTimers();
  await fake.close();
});

async function startWith(script: (agent: FakeAgent) => void): Promise<void> {
  const engine = new FakeEngine();
  engine.onAgent = script;
  fake = await startNativeApp({}, engine);
  await fake.call('POST', '/sandbox/u/create');
}

const status = async () => (await fake.call('GET', '/sandbox/u/status')).json();
const engineReadings = () => fake.engine.calls.filter((call) => call.startsWith('stats')).length;

describe('the memory and CPU of a status', () => {
  it('come from the sandbox itself, for an engine may take a second', async () => {
    const loads = [
      { memoryBytes: 5 * 2 ** 20, cpuNanos: 1e9 },
      { memoryBytes: 6 * 2 ** 20, cpuNanos: 1e9 },
      { memoryBytes: 7 * 2 ** 20, cpuNanos: 1.5e9 },
    ];
    await startWith((agent) => {
      agent.onLoad = () => loads.shift() ?? null;
    });
    expect(await status()).toMatchObject({ memory_usage_mb: 6 });
    fake.clock.nowMs += 1000;
    expect(await status()).toMatchObject({ memory_usage_mb: 7, cpu_percent: 50 });
    expect(engineReadings()).toBe(0);
  });

  it('are read once for all who ask within a quarter of a second', async () => {
    let readings = 0;
    await startWith((agent) => {
      agent.onLoad = () => {
        readings += 1;
        return { memoryBytes: 2 ** 20, cpuNanos: 0 };
      };
    });
    await Promise.all(Array.from({ length: 20 }, status));
    await status();
    expect(readings).toBe(2);
    fake.clock.nowMs += 250;
    await status();
    expect(readings).toBe(3);
  });

  it.each([
    ['cannot see itself', null],
    ['answers nonsense', { memoryBytes: -1, cpuNanos: 'many' }],
  ])('come from the engine where the sandbox %s', async (_what, load) => {
    await startWith((agent) => {
      agent.onLoad = () => load;
    });
    expect(await status()).toMatchObject({ memory_usage_mb: 9.54 });
  });

  it('come from the engine where the agent says nothing', async () => {
    const agents: FakeAgent[] = [];
    await startWith((agent) => void agents.push(agent));
    for (const agent of agents) agent.silent = true;
    expect(await withoutWaiting(status)).toMatchObject({ status: 'running', memory_usage_mb: 9.54 });
  });

  it.each([
    ['restarted', ['POST', '/sandbox/u/restart']],
    ['deleted and created again', ['DELETE', '/sandbox/u']],
  ] as const)('are not those of before where it was %s', async (_what, [method, url]) => {
    await startWith((agent) => {
      agent.onLoad = () => ({ memoryBytes: 5 * 2 ** 20, cpuNanos: 1e9 });
    });
    expect(await status()).toMatchObject({ memory_usage_mb: 5 });
    await fake.call(method, url);
    expect((await fake.call('POST', '/sandbox/u/create')).json()).toMatchObject({ memory_usage_mb: 0, cpu_percent: 0 });
  });
});

describe('a sandbox that has no time to say what it takes', () => {
  it.each(['load', 'awake'])('and is late with its answer to %s loses no run for it', async (op) => {
    const [begun, end] = [createDeferred<void>(), createDeferred<void>()];
    await startWith((agent) => {
      agent.silentAbout.add(op);
      agent.onRun = async () => {
        begun.resolve();
        await end.promise;
        return { stdout: 'done' };
      };
    });
    const running = fake.call('POST', '/sandbox/u/execute', { code: 'long()' });
    await begun.promise;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const asked = fake.call('GET', '/sandbox/u/status');
    await new Promise(setImmediate);
    await vi.advanceTimersByTimeAsync(15_000);
    vi.useRealTimers();
    await asked;
    end.resolve();
    expect((await running).json()).toMatchObject({ success: true, output: 'done' });
  });
});
