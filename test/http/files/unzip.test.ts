import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FakeAgent } from '../../fakes/fake-agent.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { API_KEY, type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { until } from '../../support/until.ts';

let fake: FakeApp;
let agent: FakeAgent;

beforeEach(async () => {
  const engine = new FakeEngine();
  engine.onAgent = (made) => {
    agent = made;
  };
  fake = await startNativeApp({}, engine);
  await fake.call('POST', '/sandbox/u/create');
});

afterEach(async () => {
  vi.useRealTimers();
  await fake.close();
});

const unzip = (encoding: unknown) => fake.call('POST', '/sandbox/u/unzip', { path: 'a.zip', encoding });

const upload = (encoding: string) =>
  fake.inject({
    method: 'PUT',
    url: `/sandbox/u/archive?path=in&format=zip&encoding=${encodeURIComponent(encoding)}`,
    payload: 'PK',
    headers: { 'x-api-key': API_KEY },
  });

describe('the encoding of names', () => {
  it.each(['klingon', '', 'x'.repeat(65), '../gbk', 'gbk\n'])('%j is a 422 that names the field', async (encoding) => {
    for (const [part, response] of [
      ['body', await unzip(encoding)],
      ['query', await upload(encoding)],
    ] as const) {
      expect(response.statusCode).toBe(422);
      expect(response.json().error).toMatch(/^encoding must be .*\.$/);
      expect(response.json().detail).toMatchObject([{ loc: [part, 'encoding'] }]);
    }
  });

  it('reaches the sandbox as it was said', async () => {
    await unzip('shift_jis');
    await unzip(null);
    await unzip(undefined);
    const asked = agent.requests.filter(({ op }) => op === 'extract').map(({ encoding }) => encoding);
    expect(asked).toEqual(['shift_jis', null, null]);
  });
});

describe('unpacking that takes too long', () => {
  it('is ended in time, and nothing else with it', async () => {
    agent.silentAbout.add('extract');
    const execs = () => fake.engine.calls.filter((call) => call.startsWith('exec')).length;
    const before = execs();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const waiting = unzip(undefined);
    await until('the agent is asked to extract', () => agent.requests.some(({ op }) => op === 'extract'));
    await vi.advanceTimersByTimeAsync(106_000);
    const { statusCode, json } = await waiting;
    expect([statusCode, json().success]).toEqual([200, false]);
    expect(json().error).toMatch(/ended after 105 seconds.*stays/);
    vi.useRealTimers();
    const file = { path: 'a', content: 'x' };
    expect((await fake.call('POST', '/sandbox/u/file', file)).json()).toMatchObject({ success: true });
    expect(execs()).toBe(before);
  });
});
