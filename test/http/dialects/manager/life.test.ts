import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeApp, speaking, startFakeApp } from '../../../support/fake-app.ts';
import { type PassingTime, startPassingTime } from '../../../support/passing-time.ts';
import { until } from '../../../support/until.ts';

const SANDBOXES = '/api/v1/sandboxes';

let time: PassingTime;
let app: FakeApp;

beforeEach(() => {
  time = startPassingTime();
});
afterEach(async () => {
  time.end();
  await app.close();
});

async function start(variables: Readonly<Record<string, string>>): Promise<void> {
  app = await startFakeApp({ SANDBOX_RATE_LIMIT: '0', ...variables }, undefined, speaking('manager'));
  app.engine.onAgent = (agent) => {
    agent.onRun = ({ argv }) => (argv?.[0] === 'serve' ? new Promise(() => undefined) : {});
  };
}

async function make(body: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const made = await app.call('POST', SANDBOXES, { image: 'python:3.9', ...body });
  expect(made.statusCode).toBe(200);
  return made.json().container_id;
}

const pass = (seconds: number) => time.pass(app.clock, seconds);

const statusOf = async (id: string) => (await app.call('GET', `${SANDBOXES}/${id}`)).json().status;

describe('the life of a sandbox of SandboxClient of New-dev0/Sandbox', () => {
  it('is frozen when idle without a main process alone, shows as running, is never stopped for that, and wakes', async () => {
    await start({ SANDBOX_PAUSE_AFTER: '60', SANDBOX_DOCKER_TIMEOUT: '100' });
    const ids = [await make(), await make({ command: 'serve' })];
    const states = () => [...app.engine.sandboxes.values()].map(({ state }) => state);
    await pass(70);
    await until('the one is frozen', async () => {
      await pass(5);
      return states()[0] === 'paused';
    });
    await pass(500);
    expect(states()).toEqual(['paused', 'running']);
    for (const id of ids) expect(await statusOf(id)).toBe('running');
    const ran = await app.call('POST', `${SANDBOXES}/${ids[0]}/exec`, { command: 'true' });
    expect([ran.statusCode, states()]).toEqual([200, ['running', 'running']]);
  });

  it('gives way to nobody at the cap, of which it is told by 503', async () => {
    await start({ SANDBOX_MAX_CONTAINERS: '1' });
    const id = await make();
    expect((await app.call('POST', '/sandbox/u/create')).statusCode).toBe(503);
    const refused = await app.call('POST', SANDBOXES, { image: 'python:3.9' });
    expect([refused.statusCode, refused.json()]).toEqual([503, { detail: 'Maximum containers (1) reached' }]);
    expect(await statusOf(id)).toBe('running');
  });
});
