import { afterEach, describe, expect, it } from 'vitest';
import { OwnKernelEngine } from '../../fakes/own-kernel-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

let fake: FakeApp;

afterEach(() => fake.close());

const create = async (body?: object) => await fake.call('POST', '/sandbox/u/create', body);
const change = async (body: object) => await fake.call('PATCH', '/sandbox/u', body);
const boxes = () => [...fake.engine.sandboxes.values()];
const specOf = () => boxes()[0]?.spec;
const idOf = () => boxes()[0]?.id;

describe('a change of what a sandbox is made of', () => {
  it('is made at once where the engine can: more memory, other CPUs, other hosts', async () => {
    fake = await startNativeApp();
    await create({ memory_limit: '256m', cpu_limit: 1 });
    const before = idOf();
    const answer = await change({ memory_limit: '512m', cpu_limit: 0.5, egress_allow: ['example.org'] });
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      expect.objectContaining({ restarted: false, status: 'running' }),
    ]);
    expect([idOf(), specOf()]).toEqual([before, expect.objectContaining({ memoryBytes: 512 * 2 ** 20, cpus: 0.5 })]);
    expect((await fake.call('GET', '/sandbox/u/usage')).json().memory_limit_bytes).toBe(512 * 2 ** 20);
    await change({ cpu_limit: null, memory_limit: '1g' });
    expect([idOf(), specOf()]).toEqual([before, expect.objectContaining({ memoryBytes: 2 ** 30, cpus: 1 })]);
  });

  it.each([
    [{ memory_limit: '128m' }, { memoryBytes: 128 * 2 ** 20 }],
    [{ image: 'python:3.12' }, { image: 'python:3.12' }],
    [{ network: 'none' }, { labels: expect.objectContaining({ 'clara.network': 'none' }) }],
  ])('needs leave for a restart where the engine cannot: %j', async (body, expected) => {
    fake = await startNativeApp({ SANDBOX_DOCKER_IMAGES: 'python:*' });
    await create({ memory_limit: '256m', labels: { a: '1' } });
    await fake.call('POST', '/sandbox/u/file', { path: 'a.txt', content: 'kept' });
    const before = idOf();
    const refused = await change({ ...body, labels: { a: '2' } });
    expect([refused.statusCode, refused.json().error]).toEqual([409, expect.stringMatching(/"allow_restart": true/)]);
    expect((await fake.call('GET', '/sandbox/u/status')).json().labels).toEqual({ a: '1' });
    expect(idOf()).toBe(before);
    const answer = await change({ ...body, labels: { a: '2' }, allow_restart: true });
    expect(answer.json()).toMatchObject({ restarted: true, status: 'running', labels: { a: '2' } });
    expect(specOf()).toMatchObject(expected);
    expect(idOf()).not.toBe(before);
    expect((await fake.call('GET', '/sandbox/u/file?path=a.txt')).json().content).toBe('kept');
    expect((await change({ ...body, allow_restart: true })).json().restarted).toBe(false);
  });

  it('needs that for every limit where the sandbox has a kernel of its own', async () => {
    fake = await startNativeApp({ SANDBOX_DOCKER_RUNTIME: 'runsc' }, new OwnKernelEngine());
    await create({ memory_limit: '256m' });
    expect((await change({ memory_limit: '512m' })).statusCode).toBe(409);
    expect((await change({ cpu_limit: 2, allow_restart: true })).json().restarted).toBe(true);
  });

  it('counts at the next start where the sandbox is stopped, and starts nothing', async () => {
    fake = await startNativeApp({ SANDBOX_DOCKER_IMAGES: 'python:*' });
    await create({ memory_limit: '256m' });
    await fake.call('POST', '/sandbox/u/stop');
    const answer = await change({ memory_limit: '128m', image: 'python:3.12' });
    expect(answer.json()).toMatchObject({ restarted: false, status: 'stopped', image: 'python:3.12' });
    await create();
    expect(specOf()).toMatchObject({ memoryBytes: 128 * 2 ** 20, image: 'python:3.12' });
    await change({ image: null, memory_limit: null, allow_restart: true });
    expect(specOf()).toMatchObject({ memoryBytes: 512 * 2 ** 20, image: 'clara-sandbox:latest' });
  });

  it('leaves a paused sandbox paused where the engine can', async () => {
    fake = await startNativeApp();
    await create();
    await fake.call('POST', '/sandbox/u/pause');
    expect((await change({ cpu_limit: 2 })).json()).toMatchObject({ status: 'paused', restarted: false });
    expect(specOf()?.cpus).toBe(2);
  });

  it.each([
    [{ image: 'other:1' }, 'image'],
    [{ image: '' }, 'image'],
    [{ memory_limit: '1m' }, 'memory_limit'],
    [{ memory_limit: '64g' }, 'memory_limit'],
    [{ memory_limit: 512 }, 'memory_limit'],
    [{ cpu_limit: 0 }, 'cpu_limit'],
    [{ cpu_limit: 99 }, 'cpu_limit'],
    [{ network: 'bridge' }, 'network'],
    [{ network: 'proxy' }, 'network'],
    [{ egress_allow: ['not a host'] }, 'egress_allow'],
    [{ allow_restart: 'yes' }, 'allow_restart'],
  ])('that the server does not give is a 422 which names the field: %j', async (body, field) => {
    fake = await startNativeApp({ SANDBOX_NETWORK: 'none' });
    await create();
    const refused = await change({ ...body, labels: { a: '1' } });
    expect([refused.statusCode, refused.json().detail[0].loc.slice(0, 2)]).toEqual([422, ['body', field]]);
    expect((await fake.call('GET', '/sandbox/u/status')).json().labels).toEqual({});
  });

  it('to an image that is not there keeps the sandbox as it was', async () => {
    fake = await startNativeApp({ SANDBOX_DOCKER_IMAGES: 'absent:*' });
    await create();
    const before = idOf();
    for (const verb of ['running', 'stop']) {
      if (verb === 'stop') await fake.call('POST', '/sandbox/u/stop');
      const refused = await change({ image: 'absent:latest', allow_restart: true });
      expect([refused.statusCode, refused.json().error]).toEqual([422, expect.stringMatching(/absent:latest/)]);
    }
    await create();
    expect(idOf()).toBe(before);
  });

  it('is a 409 while a call is under way that it would end', async () => {
    fake = await startNativeApp();
    await create({ memory_limit: '256m' });
    const [sandbox] = boxes();
    let release = () => {};
    const entered = new Promise<void>((resolve) => {
      if (sandbox)
        sandbox.agent.onRun = async () => {
          resolve();
          await new Promise<void>((go) => {
            release = go;
          });
          return {};
        };
    });
    const running = fake.call('POST', '/sandbox/u/execute', { code: 'pass' });
    await entered;
    const refused = await change({ memory_limit: '128m', allow_restart: true });
    expect([refused.statusCode, refused.json().error]).toEqual([409, expect.stringMatching(/busy/)]);
    expect((await change({ memory_limit: '512m' })).statusCode).toBe(200);
    release();
    expect((await running).statusCode).toBe(200);
  });
});
