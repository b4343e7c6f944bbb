import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeApp, speaking, startFakeApp, WITH_DOCUMENTS } from '../../../support/fake-app.ts';
import { type PassingTime, startPassingTime } from '../../../support/passing-time.ts';
import { until } from '../../../support/until.ts';

let time: PassingTime;
let fake: FakeApp;

async function start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
  fake = await startFakeApp(variables, undefined, { ...speaking('k2'), ...WITH_DOCUMENTS });
}

afterEach(() => fake.close());

async function make(body: object = {}): Promise<string> {
  return (await fake.call('POST', '/sandboxes', body)).json().sandbox_id;
}

describe('the life of a K2 sandbox', () => {
  beforeEach(() => {
    time = startPassingTime();
  });
  afterEach(() => time.end());

  const pass = (seconds: number) => time.pass(fake.clock, seconds);

  const isThere = async (id: string) => (await fake.call('GET', `/sandboxes/${id}`)).statusCode === 200;
  const untilGone = (id: string) => until(`${id} is gone`, async () => !(await isThere(id)));
  const stateOf = () => [...fake.engine.sandboxes.values()].at(-1)?.state;

  it('is frozen when idle and shows as running, is never stopped for that, and the next call wakes it', async () => {
    await start({ SANDBOX_PAUSE_AFTER: '60', SANDBOX_DOCKER_TIMEOUT: '100' });
    const id = await make({ timeout: 1000 });
    await pass(70);
    // A pass leaves alone what is being measured at that moment, for the next one.
    await until('it is frozen', async () => {
      await pass(5);
      return stateOf() === 'paused';
    });
    expect((await fake.call('GET', `/sandboxes/${id}`)).json()).toMatchObject({ status: 'running' });
    await pass(200);
    expect(stateOf()).toBe('paused');
    expect((await fake.call('POST', `/sandboxes/${id}/command`, { command: 'true' })).statusCode).toBe(200);
    expect(stateOf()).toBe('running');
  });

  it('ends after its timeout without use, of which a look is none', async () => {
    await start({ SANDBOX_PAUSE_AFTER: '0' });
    const id = await make({ timeout: 100 });
    await pass(90);
    await fake.call('POST', `/sandboxes/${id}/command`, { command: 'true' });
    await pass(90);
    await fake.call('POST', `/sandboxes/${id}/actions`, { action: 'set_timeout', timeout: 50 });
    await pass(40);
    expect(await isThere(id)).toBe(true);
    await fake.call('GET', '/sandboxes');
    await pass(20);
    const kept = async () => (await fake.call('GET', '/sandbox?all=true&state=any')).json().sandboxes;
    await until('nothing of it is left', async () => (await kept()).length === 0);
    expect(await isThere(id)).toBe(false);
  });

  it('goes on while a call is under way, and ends where it is stopped too', async () => {
    await start({ SANDBOX_PAUSE_AFTER: '0' });
    const [busy, stopped] = [await make({ timeout: 100 }), await make({ timeout: 100 })];
    let finish: (value: object) => void = () => undefined;
    for (const { agent } of [...fake.engine.sandboxes.values()])
      agent.onRun = () => new Promise((resolve) => (finish = resolve));
    const call = fake.call('POST', `/sandboxes/${busy}/command`, { command: 'sleep 200' });
    await until('it runs', async () =>
      [...fake.engine.sandboxes.values()].some(({ agent }) => agent.requests.some((each) => each.op === 'run')),
    );
    await fake.call('POST', `/sandboxes/${stopped}/actions`, { action: 'stop' });
    await pass(150);
    await untilGone(stopped);
    expect(await isThere(busy)).toBe(true);
    finish({});
    expect((await call).statusCode).toBe(200);
  });

  it('begins its timeout anew when it is restarted, and not when it is stopped', async () => {
    await start({ SANDBOX_PAUSE_AFTER: '0' });
    const [stopped, restarted] = [await make({ timeout: 100 }), await make({ timeout: 100 })];
    for (const id of [stopped, restarted]) await fake.call('POST', `/sandboxes/${id}/actions`, { action: 'stop' });
    await pass(90);
    await fake.call('POST', `/sandboxes/${restarted}/actions`, { action: 'restart' });
    await pass(50);
    await untilGone(stopped);
    expect((await fake.call('GET', `/sandboxes/${restarted}`)).json()).toMatchObject({ status: 'running' });
    await pass(60);
    await untilGone(restarted);
  });

  it('ends after a restart of the server too, by the time since its last use', async () => {
    await start({ SANDBOX_PAUSE_AFTER: '0' });
    const { dataDir, engine, clock } = fake;
    const ids = [await make({ timeout: 100 }), await make({ timeout: 10_000 })];
    await fake.call('POST', `/sandboxes/${ids[0]}/actions`, { action: 'stop' });
    await fake.app.close();
    engine.revive();
    const later = await startFakeApp({ SANDBOX_DATA_DIR: dataDir, SANDBOX_PAUSE_AFTER: '0' }, engine, speaking('k2'));
    fake = later;
    later.clock.nowMs = clock.nowMs;
    await pass(150);
    await untilGone(ids[0] ?? '');
    expect(await isThere(ids[1] ?? '')).toBe(true);
  });

  it('gives way to nobody at the cap', async () => {
    await start({ SANDBOX_MAX_CONTAINERS: '1' });
    await make();
    expect((await fake.call('POST', '/sandbox/u/create')).statusCode).toBe(503);
    const refused = await fake.call('POST', '/sandboxes');
    expect([refused.statusCode, refused.json()]).toEqual([503, { detail: 'Maximum containers (1) reached' }]);
  });
});

describe('the OpenAPI document of K2', () => {
  it('has its routes alone, beside that of the native API', async () => {
    await start();
    const document = (await fake.inject({ url: '/docs/k2.json' })).json();
    expect(document.info.title).toBe('K2 Sandbox API');
    expect(Object.keys(document.paths).every((path) => path.startsWith('/sandboxes'))).toBe(true);
    expect(Object.keys(document.paths)).toHaveLength(7);
    expect(Object.keys(document.components.schemas).every((name) => name.startsWith('K2'))).toBe(true);
    const native = (await fake.inject({ url: '/docs/json' })).json();
    expect(Object.keys(native.paths).some((path) => path.startsWith('/sandboxes'))).toBe(false);
    expect(JSON.stringify(native)).not.toContain('K2');
    expect((await fake.inject({ url: '/docs/static/swagger-initializer.js' })).body).toContain('/docs/k2.json');
  });
});
