import { afterEach, describe, expect, it } from 'vitest';
import type { AppParts } from '../../../src/app-parts.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

const opened: FakeApp[] = [];

async function start(
  variables: Readonly<Record<string, string>> = {},
  parts: Partial<AppParts> = {},
): Promise<FakeApp> {
  const fake = await startNativeApp(variables, undefined, parts);
  opened.push(fake);
  return fake;
}

afterEach(async () => {
  for (const fake of opened.splice(0).reverse()) await fake.close();
});

const code = { code: 'print(1)' };
const states = (fake: FakeApp) => [...fake.engine.sandboxes.values()].map(({ state }) => state).sort();

describe('a sandbox', () => {
  it('is created once, however many calls come at the same time', async () => {
    const fake = await start();
    const responses = await Promise.all(Array.from({ length: 8 }, () => fake.call('POST', '/sandbox/u/execute', code)));
    expect(responses.map((response) => response.json().output)).toEqual(Array(8).fill('1\n'));
    expect(fake.engine.calls.filter((call) => call.startsWith('create'))).toHaveLength(1);
  });

  it('is not found until it is created, and not after it is deleted', async () => {
    const fake = await start();
    expect((await fake.call('GET', '/sandbox/u/status')).json()).toEqual({ error: 'Sandbox not found' });
    expect((await fake.call('POST', '/sandbox/u/stop')).json()).toEqual({ status: 'not_found' });
    expect((await fake.call('DELETE', '/sandbox/u')).json()).toEqual({ status: 'not_found', files_preserved: true });
    await fake.call('POST', '/sandbox/u/create');
    expect((await fake.call('GET', '/sandbox/u/status')).json()).toMatchObject({ user_id: 'u', status: 'running' });
    expect((await fake.call('DELETE', '/sandbox/u/destroy')).json()).toEqual({
      status: 'deleted',
      files_preserved: true,
    });
    expect((await fake.call('GET', '/sandbox/u/status')).statusCode).toBe(404);
    expect(fake.engine.sandboxes.size).toBe(0);
  });

  it('is created and restarted without a measurement, for which an engine takes a second', async () => {
    const fake = await start();
    await fake.call('POST', '/sandbox/u/create');
    await fake.call('POST', '/sandbox/u/restart');
    expect(fake.engine.calls.filter((call) => call.startsWith('stats'))).toEqual([]);
    await fake.call('GET', '/sandbox/u/status');
    expect((await fake.call('POST', '/sandbox/u/create')).json().memory_usage_mb).toBe(9.54);
  });

  it('counts its executions, through stop and restart', async () => {
    const fake = await start();
    await fake.call('POST', '/sandbox/u/execute', code);
    await fake.call('POST', '/sandbox/u/shell', { command: 'true' });
    expect((await fake.call('POST', '/sandbox/u/stop')).json()).toEqual({ status: 'stopped' });
    expect((await fake.call('GET', '/sandbox/u/status')).json()).toMatchObject({
      status: 'stopped',
      execution_count: 2,
    });
    expect((await fake.call('POST', '/sandbox/u/restart')).json()).toMatchObject({
      status: 'running',
      execution_count: 2,
    });
  });

  it('keeps its container through a stop', async () => {
    const fake = await start();
    const before = (await fake.call('POST', '/sandbox/u/create')).json().container_id;
    await fake.call('POST', '/sandbox/u/stop');
    await fake.call('POST', '/sandbox/u/execute', code);
    expect((await fake.call('GET', '/sandbox/u/status')).json().container_id).toBe(before);
  });

  it('heals after its container was killed, removed or paused behind our back', async () => {
    const fake = await start();
    await fake.call('POST', '/sandbox/u/create');
    const [sandbox] = [...fake.engine.sandboxes.values()];
    if (!sandbox) throw new Error('no sandbox was made');
    fake.engine.kill(sandbox.name);
    expect((await fake.call('POST', '/sandbox/u/execute', code)).json()).toMatchObject({ success: true });
    await fake.engine.remove(sandbox.id);
    expect((await fake.call('POST', '/sandbox/u/execute', code)).json()).toMatchObject({ success: true });
    expect(states(fake)).toEqual(['running']);
  });

  it('changes its limits when a create asks for others, unless it is busy', async () => {
    const fake = await start();
    await fake.call('POST', '/sandbox/u/create');
    await fake.call('POST', '/sandbox/u/create', { memory_limit: '256m', cpu_limit: 0.5 });
    const [sandbox] = [...fake.engine.sandboxes.values()];
    expect(sandbox?.spec).toMatchObject({ memoryBytes: 256 * 2 ** 20, cpus: 0.5 });
    expect(fake.engine.sandboxes.size).toBe(1);
  });

  it('goes on undisturbed where a create asks for what it has, said or not', async () => {
    const fake = await start({ SANDBOX_DOCKER_MEMORY: '512m', SANDBOX_DOCKER_CPU: '1' });
    await fake.call('POST', '/sandbox/u/create');
    const before = fake.engine.calls.length;
    const same = { memory_limit: '512m', cpu_limit: 1, image: 'clara-sandbox:latest', network: 'proxy' };
    expect((await fake.call('POST', '/sandbox/u/create', same)).statusCode).toBe(200);
    expect(fake.engine.calls.slice(before)).toEqual([]);
  });

  it('keeps what a create asked for when the default changes', async () => {
    const first = await start({ SANDBOX_DOCKER_CPU: '1' });
    await first.call('POST', '/sandbox/u/create');
    await first.call('POST', '/sandbox/u/create', { cpu_limit: 1 });
    await first.app.close();
    first.engine.revive();
    const second = await startNativeApp({ SANDBOX_DATA_DIR: first.dataDir, SANDBOX_DOCKER_CPU: '2' }, first.engine);
    opened.push(second);
    await second.call('POST', '/sandbox/u/restart');
    expect([...second.engine.sandboxes.values()].map(({ spec }) => spec.cpus)).toEqual([1]);
  });

  it.each(['create', 'restart'])('was used last when it was brought up by %s', async (verb) => {
    const fake = await start();
    await fake.call('POST', '/sandbox/u/create');
    fake.clock.nowMs += 60_000;
    const { created_at: createdAt, last_used: lastUsed } = (await fake.call('POST', `/sandbox/u/${verb}`)).json();
    expect(Date.parse(lastUsed) - Date.parse(createdAt)).toBe(60_000);
    await fake.app.close();
    fake.engine.revive();
    const second = await startNativeApp({ SANDBOX_DATA_DIR: fake.dataDir }, fake.engine);
    opened.push(second);
    expect((await second.call('GET', '/sandbox/u/status')).json().last_used).toBe(lastUsed);
  });
});

describe('two addresses', () => {
  it.each([
    ['a_b', 'a-b'],
    ['a:b', 'a-b'],
    ['User', 'user'],
    [`teams-29:1G${'c'.repeat(100)}1`, `teams-29:1G${'c'.repeat(100)}2`],
    ['für', 'fur'],
  ])('%j and %j have sandboxes and folders of their own', async (one, other) => {
    const fake = await start();
    for (const id of [one, other]) await fake.call('POST', `/sandbox/${encodeURIComponent(id)}/create`);
    const sources = [...fake.engine.sandboxes.values()].map(({ spec }) => spec.mounts[0]?.source);
    expect(new Set(sources).size).toBe(2);
    expect((await fake.call('GET', `/sandbox/${encodeURIComponent(one)}/status`)).json().user_id).toBe(one);
  });
});

describe('the cap', () => {
  it('makes room by stopping the least recently used idle sandbox', async () => {
    const fake = await start({ SANDBOX_MAX_CONTAINERS: '2' });
    for (const id of ['old', 'new']) {
      fake.clock.nowMs += 1000;
      await fake.call('POST', `/sandbox/${id}/execute`, code);
    }
    fake.clock.nowMs += 1000;
    await fake.call('POST', '/sandbox/old/execute', code);
    expect((await fake.call('POST', '/sandbox/third/create')).statusCode).toBe(200);
    expect((await fake.call('GET', '/sandbox/new/status')).json().status).toBe('stopped');
    expect((await fake.call('GET', '/sandbox/old/status')).json().status).toBe('running');
    expect((await fake.call('GET', '/info')).json()).toMatchObject({ active_sandboxes: 2, max_sandboxes: 2 });
  });

  it('answers 503 with Retry-After only when all are busy, and never to the user of a running sandbox', async () => {
    const fake = await start({ SANDBOX_MAX_CONTAINERS: '1' });
    let finish: () => void = () => undefined;
    let begun: () => void = () => undefined;
    const isBusy = new Promise<void>((resolve) => {
      begun = resolve;
    });
    fake.engine.onAgent = (agent) => {
      agent.onRun = async ({ source }) => {
        if (source !== 'wait') return { stdout: 'quick' };
        begun();
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return { stdout: 'done' };
      };
    };
    const slow = fake.call('POST', '/sandbox/busy/execute', { code: 'wait' });
    await isBusy;
    const refused = await fake.call('POST', '/sandbox/other/create');
    expect(refused.statusCode).toBe(503);
    expect(refused.json()).toEqual({ error: 'Maximum containers (1) reached' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await fake.call('POST', '/sandbox/busy/execute', { code: 'now' })).json().output).toBe('quick');
    finish();
    expect((await slow).json().output).toBe('done');
    expect((await fake.call('POST', '/sandbox/other/create')).statusCode).toBe(200);
  });
});

describe('a slow engine', () => {
  it('holds up nobody but the sandbox it works on', async () => {
    const fake = await start();
    await fake.call('POST', '/sandbox/quick/create');
    const gate = fake.engine.hold('create');
    const slow = fake.call('POST', '/sandbox/slow/create');
    await gate.reached;
    expect((await fake.call('POST', '/sandbox/quick/execute', code)).json()).toMatchObject({ success: true });
    expect((await fake.call('POST', '/sandbox/another/create')).statusCode).toBe(200);
    gate.release();
    expect((await slow).statusCode).toBe(200);
  });

  it('makes a call wait for its sandbox only so long, and the sandbox is up for the next one', async () => {
    const fake = await start({}, { readyMs: 20 });
    const gate = fake.engine.hold('create');
    const late = await fake.call('POST', '/sandbox/u/execute', code);
    expect(late.statusCode).toBe(503);
    expect(late.json()).toEqual({ error: 'The sandbox is still starting; try again in a moment.' });
    expect(late.headers['retry-after']).toBe('2');
    gate.release();
    expect((await fake.call('POST', '/sandbox/u/create')).statusCode).toBe(200);
    expect((await fake.call('POST', '/sandbox/u/execute', code)).json()).toMatchObject({ success: true });
    expect(fake.engine.calls.filter((call) => call.startsWith('create'))).toHaveLength(1);
  });
});

describe('a restart of the server', () => {
  it('adopts what runs, with its counters, and removes what has no record', async () => {
    const first = await start();
    await first.call('POST', '/sandbox/u/execute', code);
    const container = (await first.call('GET', '/sandbox/u/status')).json().container_id;
    const [sandbox] = [...first.engine.sandboxes.values()];
    if (!sandbox) throw new Error('no sandbox was made');
    await first.engine.create({ ...sandbox.spec, name: `${sandbox.name}-orphan` });
    await first.app.close();

    first.engine.revive();
    const second = await startNativeApp({ SANDBOX_DATA_DIR: first.dataDir }, first.engine);
    opened.push(second);
    expect((await second.call('GET', '/sandbox/u/status')).json()).toMatchObject({
      status: 'running',
      execution_count: 1,
      container_id: container,
    });
    expect((await second.call('GET', '/info')).json().active_sandboxes).toBe(1);
    expect(second.engine.sandboxes.size).toBe(1);
    expect((await second.call('POST', '/sandbox/u/execute', code)).json()).toMatchObject({ success: true });
  });
});
