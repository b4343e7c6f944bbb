import { afterEach, describe, expect, it } from 'vitest';
import { type FakeApp, speakingOnly, startFakeApp } from '../../../support/fake-app.ts';

let app: FakeApp;

afterEach(() => app.close());

async function start(variables: Readonly<Record<string, string>>, hasGpus: boolean): Promise<void> {
  app = await startFakeApp(variables, undefined, speakingOnly('manager'));
  app.engine.hasGpus = hasGpus;
}

const make = (gpu: string) => app.call('POST', '/api/v1/sandboxes', { image: 'python:3.9', resources: { gpu } });

const specs = () => [...app.engine.sandboxes.values()].map(({ spec }) => spec.gpus);

describe('gpu of SandboxClient of New-dev0/Sandbox', () => {
  it.each([
    ['the operator does not permit it', {}, true],
    ['the engine has no devices', { SANDBOX_GPU: 'true' }, false],
  ])('is 422 where %s', async (_what, variables, hasGpus) => {
    await start(variables, hasGpus);
    const answer = await make('all');
    expect([answer.statusCode, answer.json()]).toEqual([
      422,
      { detail: expect.stringMatching(/^resources\.gpu must be absent/) },
    ]);
  });

  it.each(['all', '2', 'GPU-1,GPU-2'])('is given where both are: %s', async (gpu) => {
    await start({ SANDBOX_GPU: 'true' }, true);
    const made = await make(gpu);
    expect([made.statusCode, made.json().resources]).toEqual([200, { cpu: 1, memory: '512m', gpu }]);
    expect(specs()).toEqual([gpu]);
  });

  it.each(['0', 'all,1', 'a b', '-', '', '../x'])('is 422 for what names no devices: %j', async (gpu) => {
    await start({ SANDBOX_GPU: 'true' }, true);
    expect((await make(gpu)).json()).toEqual({ detail: expect.stringContaining('resources.gpu') });
    expect(specs()).toEqual([]);
  });
});
