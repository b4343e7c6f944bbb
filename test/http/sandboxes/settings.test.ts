import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toSandboxId } from '../../../src/base/sandbox-address.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { type PassingTime, startPassingTime } from '../../support/passing-time.ts';
import { until } from '../../support/until.ts';

let time: PassingTime;
let fake: FakeApp;

beforeEach(() => {
  time = startPassingTime();
});

afterEach(async () => {
  time.end();
  await fake.close();
});

const create = async (body?: object) => await fake.call('POST', '/sandbox/u/create', body);
const change = async (body: object) => await fake.call('PATCH', '/sandbox/u', body);
const status = async () => (await fake.call('GET', '/sandbox/u/status')).json();
const folder = () => join(fake.dataDir, toSandboxId({ namespace: 'clara', id: 'u' }));

const pass = (seconds: number) => time.pass(fake.clock, seconds);

/** Makes a pass at each look, for one that is due while the last still works is left out. */
async function untilAnswer(code: number, state?: string): Promise<void> {
  await until(`the status is ${code} ${state ?? ''}`, async () => {
    await pass(0);
    const answer = await fake.call('GET', '/sandbox/u/status');
    return answer.statusCode === code && (state === undefined || answer.json().status === state);
  });
}

/** The environment that the next run gets. */
async function envOfRun(): Promise<unknown> {
  const [sandbox] = fake.engine.sandboxes.values();
  let env: unknown;
  if (sandbox)
    sandbox.agent.onRun = (run) => {
      env = run.env;
      return {};
    };
  await fake.call('POST', '/sandbox/u/execute', { code: 'pass' });
  return env;
}

const FULL = {
  env: { TOKEN: 'swordfish', LEVEL: 'debug' },
  labels: { team: 'a', 'a b': '' },
  expires_at: '2026-01-02T01:00:00+01:00',
  idle_timeout: 3600,
  pause_after: 0,
};

describe('the settings of a sandbox', () => {
  it.each(['create', 'PATCH'])('are given by %s, and shown without the values of its environment', async (how) => {
    fake = await startNativeApp();
    if (how === 'PATCH') await create();
    const answer = how === 'PATCH' ? await change(FULL) : await create(FULL);
    const expected = {
      env: ['LEVEL', 'TOKEN'],
      labels: { team: 'a', 'a b': '' },
      expires_at: '2026-01-02T00:00:00.000000Z',
    };
    expect([answer.statusCode, answer.json()]).toEqual([200, expect.objectContaining(expected)]);
    expect(answer.body).not.toMatch(/swordfish|debug/);
    expect(await status()).toMatchObject(expected);
    expect((await fake.call('GET', '/sandbox?label=team=a&label=a%20b=')).json().sandboxes).toHaveLength(1);
    expect((await fake.call('GET', '/sandbox?label=team=b')).json().sandboxes).toEqual([]);
  });

  it('stay as they are where they are absent, and null takes them back', async () => {
    fake = await startNativeApp();
    await create(FULL);
    await change({});
    expect(await status()).toMatchObject({ env: ['LEVEL', 'TOKEN'], labels: { team: 'a' } });
    await change({ env: { TOKEN: null, OTHER: '1' }, labels: { team: null }, expires_at: null });
    expect(await status()).toMatchObject({ env: ['LEVEL', 'OTHER'], labels: { 'a b': '' }, expires_at: null });
    await create({ labels: null, env: null });
    expect(await status()).toMatchObject({ env: [], labels: {} });
  });

  it('outlive a stop and the server, and not the sandbox', async () => {
    fake = await startNativeApp();
    await create(FULL);
    await fake.call('POST', '/sandbox/u/stop');
    await fake.app.close();
    fake.engine.revive();
    const { nowMs } = fake.clock;
    fake = await startNativeApp({ SANDBOX_DATA_DIR: fake.dataDir }, fake.engine);
    fake.clock.nowMs = nowMs;
    expect(await status()).toMatchObject({ status: 'stopped', env: ['LEVEL', 'TOKEN'], labels: { team: 'a' } });
    await fake.call('DELETE', '/sandbox/u');
    const [deleted] = (await fake.call('GET', '/sandbox?state=deleted')).json().sandboxes;
    expect(deleted).toMatchObject({ env: [], labels: {}, expires_at: null });
    expect(await readFile(join(folder(), 'sandbox.json'), 'utf8')).not.toContain('swordfish');
    await create();
    expect(await status()).toMatchObject({ env: [], labels: {}, expires_at: null });
  });

  it('change without a start or a use, and make none', async () => {
    fake = await startNativeApp();
    expect((await change({ labels: {} })).statusCode).toBe(404);
    await create();
    await fake.call('POST', '/sandbox/u/stop');
    const before = await status();
    fake.clock.nowMs += 5_000;
    const answer = await change({ labels: { a: 'b' }, env: { A: '1' }, idle_timeout: 60 });
    expect(answer.json()).toEqual({ ...before, labels: { a: 'b' }, env: ['A'], restarted: false });
    expect((await fake.call('DELETE', '/sandbox/u')).statusCode).toBe(200);
    expect((await change({ labels: {} })).statusCode).toBe(404);
  });

  it('have an environment for all that starts afterwards', async () => {
    fake = await startNativeApp();
    await create();
    expect(await envOfRun()).toEqual({});
    await change({ env: { A: '1', B: '2' } });
    expect(await envOfRun()).toEqual({ A: '1', B: '2' });
    await change({ env: { A: null } });
    expect(await envOfRun()).toEqual({ B: '2' });
  });

  it('are refused by PATCH where it does not know them, and where there is no body', async () => {
    fake = await startNativeApp();
    await create();
    expect((await change({ colour: 'red' })).json().detail[0].loc).toEqual(['body', 'colour']);
    expect((await fake.call('PATCH', '/sandbox/u')).statusCode).toBe(422);
    expect((await fake.call('PATCH', '/sandbox/u?force=1', {})).json().detail[0].loc).toEqual(['query', 'force']);
  });

  it('have 64 labels at the most: a 409', async () => {
    fake = await startNativeApp();
    const labels = (count: number, prefix: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, '']));
    await create({ labels: labels(60, 'a') });
    expect((await change({ labels: labels(5, 'b') })).statusCode).toBe(409);
    expect((await change({ labels: { ...labels(5, 'b'), a0: null } })).statusCode).toBe(200);
    expect(Object.keys((await status()).labels)).toHaveLength(64);
  });

  it('have idle times of their own, 0 for never, within SANDBOX_IDLE_MAX', async () => {
    fake = await startNativeApp({ SANDBOX_DOCKER_TIMEOUT: '600', SANDBOX_PAUSE_AFTER: '60', SANDBOX_IDLE_MAX: '1000' });
    expect((await create({ idle_timeout: 1001 })).statusCode).toBe(422);
    await create({ idle_timeout: 0, pause_after: 0 });
    await pass(5_000);
    expect((await status()).status).toBe('running');
    await change({ pause_after: 1_000 });
    await pass(10);
    await untilAnswer(200, 'paused');
    await change({ idle_timeout: null });
    await pass(10);
    await untilAnswer(200, 'stopped');
  });
});

describe('a sandbox whose time is over', () => {
  it.each(['running', 'stopped', 'stopped before the server was started'])(
    'is deleted although it is %s, and keeps its files',
    async (how) => {
      fake = await startNativeApp();
      await create({ expires_at: '2026-01-01T01:00:00Z', labels: { a: 'b' } });
      if (how !== 'running') await fake.call('POST', '/sandbox/u/stop');
      if (how.endsWith('started')) {
        await fake.app.close();
        fake.engine.revive();
        fake = await startNativeApp({ SANDBOX_DATA_DIR: fake.dataDir }, fake.engine);
      }
      await pass(3_590);
      expect((await fake.call('GET', '/sandbox')).json().sandboxes).toHaveLength(1);
      await pass(15);
      await untilAnswer(404);
      const [deleted] = (await fake.call('GET', '/sandbox?state=any')).json().sandboxes;
      expect(deleted).toMatchObject({ status: 'deleted', expires_at: null, labels: {} });
      await access(folder());
      expect(fake.engine.sandboxes.size).toBe(0);
      expect((await create()).json()).toMatchObject({ status: 'running', expires_at: null });
    },
  );

  it('is found though nobody has asked for it for long', async () => {
    fake = await startNativeApp({ SANDBOX_DOCKER_TIMEOUT: '60' });
    await create({ expires_at: '2026-01-03T12:00:00Z' });
    await pass(100);
    await untilAnswer(200, 'stopped');
    for (const seconds of [90_000, 70, 70]) await pass(seconds);
    await pass(200_000);
    await untilAnswer(404);
    await access(folder());
  });
});
