import { afterEach, describe, expect, it } from 'vitest';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { FakeEngine } from '../../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../../support/fake-app.ts';

let fake: FakeApp;

afterEach(async () => {
  await fake.close();
});

describe('a run that is cut', () => {
  it.each([
    ['by a stop of its sandbox', () => fake.call('POST', '/sandbox/u/stop')],
    ['by the end of its container', () => fake.engine.kill([...fake.engine.sandboxes.keys()][0] ?? '')],
  ])('%s keeps what it had written', async (_what, cut) => {
    const engine = new FakeEngine();
    const begun = createDeferred<void>();
    engine.onAgent = (agent) => {
      agent.onRun = async ({ write }) => {
        await write('begun\n');
        begun.resolve();
        return await new Promise(() => undefined);
      };
    };
    fake = await startNativeApp({}, engine);
    const running = fake.call('POST', '/sandbox/u/shell', { command: 'echo begun; sleep 60' });
    await begun.promise;
    await cut();
    expect((await running).json()).toMatchObject({ success: false, output: 'begun\n', exit_code: 137 });
  });
});
