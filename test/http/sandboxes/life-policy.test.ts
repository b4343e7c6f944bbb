import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toSandboxId } from '../../../src/base/sandbox-address.ts';
import { type Dialect, refOf } from '../../../src/dialects/dialect.ts';
import { DEFAULT_LIFE, type LifePolicy } from '../../../src/sandboxes/asked/life-policy.ts';
import type { FakeAgent } from '../../fakes/fake-agent.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { type PassingTime, startPassingTime } from '../../support/passing-time.ts';
import { toyDialect } from '../../support/toy-dialect.ts';
import { until } from '../../support/until.ts';

let life: LifePolicy;
let time: PassingTime;
let fake: FakeApp;
let onAgent: (agent: FakeAgent) => void;

beforeEach(async () => {
  time = startPassingTime();
  life = DEFAULT_LIFE;
  const variables = { SANDBOX_PAUSE_AFTER: '60', SANDBOX_DOCKER_TIMEOUT: '600', SANDBOX_MAX_CONTAINERS: '2' };
  const engine = new FakeEngine();
  onAgent = () => undefined;
  engine.onAgent = (agent) => onAgent(agent);
  const more = { SANDBOX_BACKGROUND_MAX: '300', SANDBOX_PAUSED_KEEP: '3600' };
  fake = await startNativeApp({ ...variables, ...more }, engine, {
    dialects: (own) => [...own.slice(0, 1), pausingDialect()],
  });
});

afterEach(async () => {
  time.end();
  await fake.close();
});

/** The toy, whose boxes are paused too where somebody asks for that. */
function pausingDialect(): Dialect {
  const toy = toyDialect(() => life);
  return {
    ...toy,
    routes: async (app, core) => {
      await app.register(toy.routes, core);
      app.post('/toy/:box/pause', async (request) => (await core.settings.pause(refOf(request))).state);
    },
  };
}

/** What a dialect gives to sandboxes that live by its clock alone. */
const BY_THE_CLOCK = { pauseAfter: 'never', stopAfter: 'never', yieldsAtCap: false } as const;

const create = async (box: string, policy: Partial<LifePolicy> = {}) => {
  life = { ...DEFAULT_LIFE, ...policy };
  return await fake.call('POST', `/toy/${box}`);
};

/** The state as the toy tells it; what it says of one that is gone. */
const stateOf = async (box: string): Promise<unknown> => {
  const answer = await fake.call('GET', `/toy/${box}`);
  return answer.statusCode === 200 ? answer.body : answer.json().oops;
};

const pass = (seconds: number) => time.pass(fake.clock, seconds);

async function untilState(box: string, state: string): Promise<void> {
  await until(`toy ${box} is ${state}`, async () => (await stateOf(box)) === state);
}

describe('a life policy', () => {
  it('that gives way to nobody keeps its sandbox at the cap, and another is refused', async () => {
    await create('1', { yieldsAtCap: false });
    await create('2', { yieldsAtCap: false });
    expect((await create('3')).json()).toEqual({ oops: 'Maximum containers (2) reached', status: 503 });
  });

  it('has its own idle times, or none, beside those of the server', async () => {
    await create('own', { pauseAfter: 20, stopAfter: 'never' });
    await create('server');
    await pass(30);
    await untilState('own', 'paused');
    expect(await stateOf('server')).toBe('running');
    await pass(700);
    await untilState('server', 'stopped');
    expect(await stateOf('own')).toBe('paused');
  });

  it('that knows no idleness is neither frozen nor stopped for it', async () => {
    await create('1', BY_THE_CLOCK);
    await create('server');
    await pass(700);
    await untilState('server', 'stopped');
    await pass(100_000);
    expect(await stateOf('1')).toBe('running');
  });

  it('that gives way to nobody lets its sandbox work for as long as it likes; another works for SANDBOX_BACKGROUND_MAX', async () => {
    onAgent = (agent) => {
      agent.onWork = () => ({ processes: 1, contexts: 0 });
    };
    await create('own', { stopAfter: 'never', yieldsAtCap: false });
    await create('server');
    await pass(200);
    expect([await stateOf('own'), await stateOf('server')]).toEqual(['running', 'running']);
    await pass(150);
    await untilState('server', 'paused');
    await pass(500);
    await untilState('server', 'stopped');
    expect(await stateOf('own')).toBe('running');
  });

  it('that gives way to nobody gives way where somebody had it paused, to a stop, the longest paused first', async () => {
    for (const box of ['1', '2']) {
      await create(box, BY_THE_CLOCK);
      fake.clock.nowMs += 1_000;
      expect((await fake.call('POST', `/toy/${box}/pause`)).body).toBe('paused');
    }
    expect((await create('3', BY_THE_CLOCK)).body).toBe('running');
    expect([await stateOf('1'), await stateOf('2')]).toEqual(['stopped', 'paused']);
    expect((await create('4', BY_THE_CLOCK)).body).toBe('running');
    expect(await stateOf('2')).toBe('stopped');
    expect((await create('5', BY_THE_CLOCK)).json()).toMatchObject({ status: 503 });
  });

  it('keeps what somebody had paused for SANDBOX_PAUSED_KEEP, whatever it says of idleness; its files stay', async () => {
    await create('1', BY_THE_CLOCK);
    await fake.call('POST', '/toy/1/pause');
    await pass(3_500);
    expect(await stateOf('1')).toBe('paused');
    await pass(200);
    await untilState('1', 'stopped');
    await access(join(fake.dataDir, toSandboxId({ namespace: 'toy', id: '1' })));
  });

  it('ends a sandbox that was not used, with its files: nothing of it is left', async () => {
    await create('1', { end: { when: 'unused', afterSeconds: 100, by: 'purge' } });
    const folder = join(fake.dataDir, toSandboxId({ namespace: 'toy', id: '1' }));
    await access(folder);
    await pass(90);
    expect(await stateOf('1')).not.toBe('Sandbox not found');
    await pass(20);
    await until('no toy is left', async () => (await fake.call('GET', '/toys')).json().ids.length === 0);
    await expect(access(folder)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await stateOf('1')).toBe('Sandbox not found');
    expect((await fake.call('GET', '/toys')).json()).toEqual({ ids: [], next: null });
    expect((await create('1')).body).toBe('running');
  });

  it('ends a sandbox at a time on the clock, and keeps its files', async () => {
    await create('1', { end: { when: 'at', atMs: fake.clock.wallMs() + 50_000, by: 'remove' } });
    await pass(60);
    await untilState('1', 'Sandbox not found');
    await access(join(fake.dataDir, toSandboxId({ namespace: 'toy', id: '1' })));
  });
});
