import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toSandboxId } from '../../../src/sandboxes/address.ts';
import { DEFAULT_LIFE, type LifePolicy } from '../../../src/sandboxes/life-policy.ts';
import { type FakeApp, startFakeApp } from '../../support/fake-app.ts';
import { toyDialect } from '../../support/toy-dialect.ts';
import { until } from '../../support/until.ts';

let life: LifePolicy;
let fake: FakeApp;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  life = DEFAULT_LIFE;
  const variables = { SANDBOX_PAUSE_AFTER: '60', SANDBOX_DOCKER_TIMEOUT: '600', SANDBOX_MAX_CONTAINERS: '2' };
  fake = await startFakeApp(variables, undefined, { dialects: [toyDialect(() => life)] });
});

afterEach(async () => {
  vi.useRealTimers();
  await fake.close();
});

const create = async (box: string, policy: Partial<LifePolicy> = {}) => {
  life = { ...DEFAULT_LIFE, ...policy };
  return await fake.call('POST', `/toy/${box}`);
};

/** The state as the toy tells it; what it says of one that is gone. */
const stateOf = async (box: string): Promise<unknown> => {
  const answer = await fake.call('GET', `/toy/${box}`);
  return answer.statusCode === 200 ? answer.body : answer.json().oops;
};

/** Lets so much time pass, and the passes that are due in it. */
async function pass(seconds: number): Promise<void> {
  fake.clock.nowMs += seconds * 1000;
  await vi.advanceTimersByTimeAsync(1_000);
  await new Promise(setImmediate);
}

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
