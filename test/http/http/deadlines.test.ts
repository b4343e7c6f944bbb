import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

let fake: FakeApp;

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await fake.close();
});

describe('an answer leaves before its client gives up', () => {
  it('though unpacking took nearly all of the time that there is for it and its listing', async () => {
    const engine = new FakeEngine();
    const now = performance.now.bind(performance);
    let timeoutMs = Number.NaN;
    engine.onAgent = (agent) => {
      agent.files.extract = async () => {
        vi.spyOn(performance, 'now').mockImplementation(() => now() + 100_000);
        return { entries: 1, bytes: 1 };
      };
      agent.onRun = (run) => {
        timeoutMs = run.timeoutMs;
        return { stdout: 'listing' };
      };
    };
    fake = await startNativeApp({}, engine);
    const answer = await fake.call('POST', '/sandbox/u/unzip', { path: 'a.zip' });
    expect(answer.json()).toMatchObject({ success: true, output: 'Extracted to /workspace:\nlisting' });
    expect(timeoutMs).toBeLessThanOrEqual(120_000 - 100_000 - 5_000);
  });

  it('though the sandbox does not say how full its disk is', async () => {
    const engine = new FakeEngine();
    engine.onAgent = (agent) => agent.silentAbout.add('usage');
    fake = await startNativeApp({}, engine);
    const file = { path: 'a', content: '' };
    expect((await fake.call('POST', '/sandbox/u/file', file)).json()).toMatchObject({ success: true });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const waiting = fake.call('POST', '/sandbox/u/file', file);
    await new Promise(setImmediate);
    await vi.advanceTimersByTimeAsync(8_000);
    const { statusCode, json } = await waiting;
    expect([statusCode, json().error]).toEqual([
      503,
      'The sandbox still measures how full it is; try again in a moment.',
    ]);
  });
});
