import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

const post = async (path: string) => await fake.call('POST', `/sandbox/${path}`);
const statusOf = async (id: string): Promise<string> => (await fake.call('GET', `/sandbox/${id}/status`)).json().status;

const pass = (seconds: number) => time.pass(fake.clock, seconds);

async function untilStatus(id: string, status: string): Promise<void> {
  await until(`sandbox ${id} is ${status}`, async () => (await statusOf(id)) === status);
}

describe('a pause', () => {
  it('freezes a sandbox until the next call, as often as it is asked for', async () => {
    fake = await startNativeApp();
    await post('u/create');
    for (let count = 0; count < 2; count += 1) {
      const answer = await post('u/pause');
      expect([answer.statusCode, answer.json().status]).toEqual([200, 'paused']);
    }
    expect([...fake.engine.sandboxes.values()].map(({ state }) => state)).toEqual(['paused']);
    await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' });
    expect(await statusOf('u')).toBe('running');
  });

  it('ends with a resume, which starts a stopped sandbox too', async () => {
    fake = await startNativeApp();
    await post('u/create');
    await post('u/pause');
    for (let count = 0; count < 2; count += 1) expect((await post('u/resume')).json().status).toBe('running');
    await post('u/stop');
    expect((await post('u/resume')).json().status).toBe('running');
  });

  it('makes no sandbox, nor does a resume', async () => {
    fake = await startNativeApp();
    for (const verb of ['pause', 'resume']) expect((await post(`nobody/${verb}`)).statusCode).toBe(404);
    await post('u/create');
    await fake.call('DELETE', '/sandbox/u');
    for (const verb of ['pause', 'resume']) expect((await post(`u/${verb}`)).statusCode).toBe(404);
    expect(fake.engine.sandboxes.size).toBe(0);
  });

  it('is a 409 where the sandbox is stopped, and refuses what it does not know', async () => {
    fake = await startNativeApp();
    await post('u/create');
    expect((await fake.call('POST', '/sandbox/u/pause', { hard: true })).json().detail[0].loc).toEqual([
      'body',
      'hard',
    ]);
    expect((await post('u/pause?hard=1')).json().detail[0].loc).toEqual(['query', 'hard']);
    await post('u/stop');
    const refused = await post('u/pause');
    expect([refused.statusCode, refused.json().error]).toEqual([409, expect.stringMatching(/is stopped/)]);
  });

  it('is a 409 while a call is under way, which goes on', async () => {
    fake = await startNativeApp();
    await post('u/create');
    const [sandbox] = fake.engine.sandboxes.values();
    let release = () => {};
    const entered = new Promise<void>((resolve) => {
      if (!sandbox) return;
      sandbox.agent.onRun = async (run) => {
        resolve();
        await new Promise<void>((go) => {
          release = go;
        });
        return { exitCode: 0, stdout: String(run.source) };
      };
    });
    const running = fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' });
    await entered;
    const refused = await post('u/pause');
    expect([refused.statusCode, refused.json().error]).toEqual([409, expect.stringMatching(/under way/)]);
    release();
    expect((await running).statusCode).toBe(200);
    expect((await post('u/pause')).statusCode).toBe(200);
  });

  it('outlives the idle timeout and the server, and is a stop after SANDBOX_PAUSED_KEEP', async () => {
    const variables = { SANDBOX_DOCKER_TIMEOUT: '600', SANDBOX_PAUSE_AFTER: '60', SANDBOX_PAUSED_KEEP: '3600' };
    fake = await startNativeApp(variables);
    await post('u/create');
    await post('u/pause');
    await post('other/create');
    await pass(1_000);
    await untilStatus('other', 'stopped');
    expect(await statusOf('u')).toBe('paused');
    await fake.app.close();
    fake.engine.revive();
    const { nowMs } = fake.clock;
    fake = await startNativeApp({ ...variables, SANDBOX_DATA_DIR: fake.dataDir }, fake.engine);
    fake.clock.nowMs = nowMs;
    await pass(2_000);
    expect(await statusOf('u')).toBe('paused');
    await pass(1_000);
    await untilStatus('u', 'stopped');
  });

  it('that was ended is none any more for the idle timeout', async () => {
    fake = await startNativeApp({ SANDBOX_DOCKER_TIMEOUT: '600' });
    await post('u/create');
    await post('u/pause');
    await post('u/resume');
    await pass(700);
    await untilStatus('u', 'stopped');
  });

  it('gives way at the cap after those that are idle, the longest first', async () => {
    fake = await startNativeApp({ SANDBOX_MAX_CONTAINERS: '3' });
    for (const id of ['first', 'second', 'idle']) {
      await post(`${id}/create`);
      fake.clock.nowMs += 1_000;
      if (id !== 'idle') await post(`${id}/pause`);
    }
    const states = async () => await Promise.all(['first', 'second', 'idle'].map(statusOf));
    await post('a/create');
    expect(await states()).toEqual(['paused', 'paused', 'stopped']);
    await post('a/pause');
    await post('b/create');
    expect(await states()).toEqual(['stopped', 'paused', 'stopped']);
  });
});

describe('the usage of a sandbox', () => {
  const usage = async (id: string) => await fake.call('GET', `/sandbox/${id}/usage`);

  it('has memory, CPU, processes, disk and network with their limits, and is no use', async () => {
    fake = await startNativeApp();
    await fake.call('POST', '/sandbox/u/create', { memory_limit: '256m' });
    const before = (await fake.call('GET', '/sandbox/u/status')).json().last_used;
    fake.clock.nowMs += 9_000;
    expect((await usage('u')).json()).toEqual({
      memory_bytes: 10_000_000,
      memory_limit_bytes: 256 * 2 ** 20,
      cpu_percent: expect.any(Number),
      processes: 3,
      disk_used_bytes: null,
      disk_limit_bytes: null,
      network: { sent: 0, received: 0 },
      at: '2026-01-01T00:00:09.000000Z',
    });
    expect((await fake.call('GET', '/sandbox/u/status')).json().last_used).toBe(before);
  });

  it('is nothing of a stopped one, which stays so, and a 404 of none', async () => {
    fake = await startNativeApp();
    await post('u/create');
    await post('u/stop');
    expect((await usage('u')).json()).toMatchObject({ memory_bytes: 0, cpu_percent: 0, processes: 0 });
    expect(await statusOf('u')).toBe('stopped');
    expect((await usage('nobody')).statusCode).toBe(404);
  });

  it.each(['0', '-1', '3601', 'often', '0.5'])('is not told every %s seconds', async (interval) => {
    fake = await startNativeApp();
    await post('u/create');
    const refused = await fake.call('GET', `/sandbox/u/usage?interval=${interval}`);
    expect([refused.statusCode, refused.json().detail[0].loc]).toEqual([422, ['query', 'interval']]);
  });

  it('comes as events until the sandbox is deleted', async () => {
    fake = await startNativeApp();
    await post('u/create');
    const url = await fake.app.listen({ host: '127.0.0.1', port: 0 });
    const headers = { 'x-api-key': 'key-for-these-tests', accept: 'application/x-ndjson' };
    const response = await fetch(`${url}/sandbox/u/usage?interval=1`, { headers });
    expect(response.headers.get('content-type')).toMatch(/x-ndjson/);
    const lines: unknown[] = [];
    let rest = '';
    for await (const chunk of response.body ?? []) {
      const parts = (rest + Buffer.from(chunk).toString()).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts.map((line) => JSON.parse(line)));
      if (lines.length === 2) await fake.call('DELETE', '/sandbox/u');
    }
    expect(lines).toMatchObject([
      { id: 1, event: 'usage', processes: 3 },
      { id: 2, event: 'usage', processes: 3 },
    ]);
  });
});
