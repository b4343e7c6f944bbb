import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeApp } from '../../support/fake-app.ts';
import { startLocalApp } from '../../support/local-app.ts';
import { until } from '../../support/until.ts';

let fake: FakeApp;

beforeAll(async () => {
  fake = await startLocalApp();
});

afterAll(() => fake.close());

const call = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) =>
  fake.call(method, `/sandbox/u/${path}`, body);

/** Code that says so once it runs, and never ends. */
const ENDLESS = 'touch runs; sleep 1000';

/** What is in the `exit` of code whose context, or its whole sandbox, is lost by `lose` once it runs. */
const exitOf = async (code: string, lose: () => Promise<unknown>) => {
  const streamed = call('POST', 'contexts/c/execute', { code, stream: true });
  await until('the code runs', async () => (await call('GET', 'fs/stat?path=runs')).statusCode === 200);
  await call('DELETE', 'fs?path=runs');
  await lose();
  return JSON.parse((await streamed).body.trimEnd().split('data: ').at(-1) ?? '');
};

describe('the exit of a streamed cell', () => {
  it('has all that a plain answer has where its sandbox is lost', async () => {
    await call('POST', 'contexts', { id: 'c', language: 'bash' });
    const exit = await exitOf(ENDLESS, () => call('POST', 'stop'));
    expect(exit).toMatchObject({ success: false, exit_code: 137, execution_count: 0, context_restarted: true });
    const {
      output: _,
      stderr: __,
      results: ___,
      ...plain
    } = (await call('POST', 'contexts/c/execute', { code: 'true' })).json();
    expect(Object.keys(exit).sort()).toEqual(Object.keys(plain).sort());
  });

  it('says that a cell which was deleted with its context before its turn has not run, and lost nothing', async () => {
    await call('POST', 'contexts', { id: 'c', language: 'bash' });
    const waiting: Promise<{ body: string }>[] = [];
    await exitOf(ENDLESS, async () => {
      waiting.push(call('POST', 'contexts/c/execute', { code: 'true', stream: true }));
      await until(
        'both are there',
        async () => (await call('GET', 'processes?state=running')).json().processes.length === 2,
      );
      await call('DELETE', 'contexts/c');
    });
    const exit = JSON.parse((await waiting[0])?.body.trimEnd().split('data: ').at(-1) ?? '');
    expect(exit).toMatchObject({ success: false, execution_count: 0, context_restarted: false });
  });
});

describe('a restart of a busy context', () => {
  it('is answered with the fresh interpreter', async () => {
    await call('POST', 'contexts', { id: 'c', language: 'bash' });
    await call('POST', 'contexts/c/execute', { code: 'true' });
    let fresh: unknown;
    const exit = await exitOf(ENDLESS, async () => {
      fresh = (await call('POST', 'contexts/c/restart')).json();
    });
    expect(fresh).toMatchObject({ id: 'c', state: 'idle', execution_count: 0 });
    expect(exit).toMatchObject({ exit_code: 137, killed_by: 'SIGKILL', context_restarted: true });
  });
});
