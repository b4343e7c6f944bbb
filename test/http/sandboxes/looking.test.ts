import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

let fake: FakeApp;

beforeEach(async () => {
  fake = await startNativeApp();
});

afterEach(() => fake.close());

const QUESTIONS = ['status', 'usage', 'processes', 'contexts'] as const;

const stateOf = (): string | undefined => [...fake.engine.sandboxes.values()][0]?.state;
const lastUsed = async () => (await fake.call('GET', '/sandbox/u/status')).json().last_used;

describe.each(QUESTIONS)('a question for the %s of a sandbox', (question) => {
  const ask = () => fake.call('GET', `/sandbox/u/${question}`);

  it('makes none', async () => {
    expect((await ask()).statusCode).toBe(404);
    expect(fake.engine.sandboxes.size).toBe(0);
  });

  it('starts none that is stopped', async () => {
    await fake.call('POST', '/sandbox/u/create');
    await fake.call('POST', '/sandbox/u/stop');
    expect((await ask()).statusCode).toBe(200);
    expect(stateOf()).not.toBe('running');
  });

  it('does not count as a use of one that runs', async () => {
    await fake.call('POST', '/sandbox/u/create');
    const before = await lastUsed();
    fake.clock.nowMs += 60_000;
    expect((await ask()).statusCode).toBe(200);
    expect(await lastUsed()).toBe(before);
  });

  it('leaves one frozen that somebody had paused, for as long as before', async () => {
    await fake.call('POST', '/sandbox/u/create');
    await fake.call('POST', '/sandbox/u/pause');
    const before = await lastUsed();
    fake.clock.nowMs += 60_000;
    expect((await ask()).statusCode).toBe(200);
    expect(stateOf()).toBe('paused');
    expect(await fake.call('GET', '/sandbox/u/status').then((answer) => answer.json())).toMatchObject({
      status: 'paused',
      last_used: before,
    });
  });
});

describe('a stopped sandbox', () => {
  it('has no processes, and says when and why it was stopped', async () => {
    await fake.call('POST', '/sandbox/u/create');
    await fake.call('POST', '/sandbox/u/stop');
    expect((await fake.call('GET', '/sandbox/u/processes')).json()).toEqual({ processes: [] });
    expect((await fake.call('GET', '/sandbox/u/status')).json().last_stop).toEqual({
      at: '2026-01-01T00:00:00.000000Z',
      reason: 'requested',
    });
  });

  it('keeps that while it runs again, and over a restart of the server', async () => {
    await fake.call('POST', '/sandbox/u/create');
    await fake.call('POST', '/sandbox/u/restart');
    const next = await startNativeApp({ SANDBOX_DATA_DIR: fake.dataDir }, fake.engine);
    expect((await next.call('GET', '/sandbox/u/status')).json().last_stop.reason).toBe('restart');
    await next.close();
  });
});
