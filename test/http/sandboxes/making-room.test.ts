import { afterEach, describe, expect, it } from 'vitest';
import type { FakeAgent } from '../../fakes/fake-agent.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

let fake: FakeApp;

afterEach(() => fake.close());

/** Sandboxes of these users, each used ten minutes after the one before; the first has a process that is to keep it awake. */
async function start(users: readonly string[]): Promise<void> {
  const engine = new FakeEngine();
  const agents: FakeAgent[] = [];
  engine.onAgent = (agent) => {
    const isFirst = agents.push(agent) === 1;
    agent.onLoad = () => ({ memoryBytes: 1, cpuNanos: 0 });
    agent.onWork = () => ({ processes: isFirst ? 1 : 0, contexts: 0 });
  };
  fake = await startNativeApp({ SANDBOX_MAX_CONTAINERS: String(users.length), SANDBOX_PAUSE_AFTER: '0' }, engine);
  for (const user of users) {
    await fake.call('POST', `/sandbox/${user}/create`);
    fake.clock.nowMs += 600_000;
  }
}

const info = async (user: string) => (await fake.call('GET', `/sandbox/${user}/status`)).json();

describe('a sandbox that works, at the cap', () => {
  it('stays while another is idle, though it was used longer ago; the idle one says why it was stopped', async () => {
    await start(['working', 'idle']);
    expect((await fake.call('POST', '/sandbox/new/create')).statusCode).toBe(200);
    expect(await info('working')).toMatchObject({ status: 'running', awake_because: ['keep_awake'] });
    expect(await info('idle')).toMatchObject({ status: 'stopped', awake_because: [], awake_until: null });
    expect((await info('idle')).last_stop.reason).toBe('eviction');
  });

  it('gives way where no other is idle, and says what that ended', async () => {
    await start(['working']);
    expect((await fake.call('POST', '/sandbox/new/create')).statusCode).toBe(200);
    expect(await info('working')).toMatchObject({ status: 'stopped', last_stop: { reason: 'eviction: keep_awake' } });
  });

  it('never gives way within a minute of a request', async () => {
    await start(['working']);
    await fake.call('POST', '/sandbox/working/execute', { code: 'print(1)' });
    fake.clock.nowMs += 59_000;
    const refused = await fake.call('POST', '/sandbox/new/create');
    expect(refused.statusCode).toBe(503);
    expect(refused.headers['retry-after']).toBe('5');
    fake.clock.nowMs += 2_000;
    expect((await fake.call('POST', '/sandbox/new/create')).statusCode).toBe(200);
  });
});
