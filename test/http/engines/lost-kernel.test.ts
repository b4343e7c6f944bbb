import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

let fake: FakeApp;

const execute = async () => (await fake.call('POST', '/sandbox/u/execute', { code: "print('on')" })).json();

beforeEach(async () => {
  const engine = new FakeEngine();
  let runs = 0;
  engine.onAgent = (agent) => {
    agent.onRun = () => {
      runs += 1;
      if (runs !== 2) return { stdout: 'on\n' };
      for (const sandbox of engine.sandboxes.values()) for (const exec of sandbox.execs) exec.complain();
      return new Promise<never>(() => undefined);
    };
  };
  fake = await startNativeApp({}, engine);
  await execute();
});

afterEach(() => fake.close());

it('is told by the runtime that lost a sandbox, although the engine keeps the stream open', async () => {
  const lost = { success: false, exit_code: 137, error: 'The connection to the sandbox was lost while it worked.' };
  expect(await execute()).toMatchObject(lost);
});

it('starts a sandbox anew that its runtime has lost, and nothing more in it before', async () => {
  await execute();
  const before = fake.engine.calls.length;
  expect(await execute()).toMatchObject({ success: true, output: 'on\n' });
  const verbs = fake.engine.calls.slice(before).map((call) => call.split(' ')[0]);
  expect(verbs.filter((verb) => verb === 'stop' || verb === 'start' || verb === 'exec')).toEqual([
    'stop',
    'start',
    'exec',
  ]);
});
