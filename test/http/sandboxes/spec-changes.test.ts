import { afterEach, describe, expect, it } from 'vitest';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { until } from '../../support/until.ts';

const opened: FakeApp[] = [];

afterEach(async () => {
  for (const fake of opened.splice(0).reverse()) await fake.close();
});

type Variables = Readonly<Record<string, string>>;

async function start(variables: Variables = {}): Promise<FakeApp> {
  const fake = await startNativeApp(variables);
  opened.push(fake);
  return fake;
}

/** The next server over the same data folder and engine. */
async function startAgain(before: FakeApp, variables: Variables = {}): Promise<FakeApp> {
  await before.app.close();
  before.engine.revive();
  const next = await startNativeApp({ SANDBOX_DATA_DIR: before.dataDir, ...variables }, before.engine);
  opened.push(next);
  return next;
}

const code = { code: 'print(1)' };

const specs = (fake: FakeApp) => [...fake.engine.sandboxes.values()].map(({ spec }) => spec);

describe('the most that a sandbox may have', () => {
  it('is what the settings say, also beyond their defaults', async () => {
    const fake = await start({ SANDBOX_DOCKER_CPU_MAX: '128', SANDBOX_DOCKER_MEMORY_MAX: '64g' });
    const asked = { cpu_limit: 100.5, memory_limit: '48g' };
    expect((await fake.call('POST', '/sandbox/u/create', asked)).statusCode).toBe(200);
    expect(specs(fake)).toMatchObject([{ cpus: 100.5, memoryBytes: 48 * 2 ** 30 }]);
    for (const more of [{ cpu_limit: 128.1 }, { cpu_limit: 1e300 }, { memory_limit: '65g' }]) {
      const refused = await fake.call('POST', '/sandbox/u/create', more);
      expect(refused.statusCode).toBe(422);
      expect(refused.json().error).toMatch(/^(cpu|memory)_limit must not be more than (128|65536m) on this server\.$/);
    }
  });

  it('reaches sandboxes from before at their next start, and no earlier', async () => {
    const first = await start({ SANDBOX_DOCKER_CPU_MAX: '8' });
    await first.call('POST', '/sandbox/u/create', { cpu_limit: 6, memory_limit: '2g' });
    const lowered = { SANDBOX_DOCKER_CPU_MAX: '2', SANDBOX_DOCKER_MEMORY_MAX: '1g', SANDBOX_PIDS_LIMIT: '64' };
    const second = await startAgain(first, lowered);
    await second.call('POST', '/sandbox/u/execute', code);
    expect(specs(second)).toMatchObject([{ cpus: 6, memoryBytes: 2 * 2 ** 30 }]);
    await second.call('POST', '/sandbox/u/stop');
    await second.call('POST', '/sandbox/u/execute', code);
    expect(specs(second)).toMatchObject([{ cpus: 2, memoryBytes: 2 ** 30, pidsLimit: 64 }]);
  });

  it('reaches them by a restart too, and gives back what was asked for once it is raised again', async () => {
    const first = await start({ SANDBOX_DOCKER_CPU_MAX: '8' });
    await first.call('POST', '/sandbox/u/create', { cpu_limit: 6 });
    const second = await startAgain(first, { SANDBOX_DOCKER_CPU_MAX: '2' });
    await second.call('POST', '/sandbox/u/restart');
    expect(specs(second)).toMatchObject([{ cpus: 2 }]);
    const third = await startAgain(second, { SANDBOX_DOCKER_CPU_MAX: '16' });
    await third.call('POST', '/sandbox/u/restart');
    expect(specs(third)).toMatchObject([{ cpus: 6 }]);
  });

  it('is the network that the settings give', async () => {
    const first = await start({ SANDBOX_NETWORK: 'proxy' });
    await first.call('POST', '/sandbox/u/create', { network: 'proxy' });
    const second = await startAgain(first, { SANDBOX_NETWORK: 'none' });
    await second.call('POST', '/sandbox/u/execute', code);
    expect(specs(second).map(({ labels }) => labels['clara.network'])).toEqual(['none']);
  });

  it('is told of a sandbox whose memory ran out', async () => {
    const first = await start();
    await first.call('POST', '/sandbox/u/create', { memory_limit: '2g' });
    const second = await startAgain(first, { SANDBOX_DOCKER_MEMORY_MAX: '1g' });
    second.engine.onAgent = (agent) => {
      agent.onRun = () => ({ exitCode: 137, oomKilled: true });
    };
    await second.call('POST', '/sandbox/u/restart');
    expect((await second.call('POST', '/sandbox/u/execute', code)).json().error).toContain('limit 1024 MiB');
  });
});

describe('an image that is built anew under its name', () => {
  const IMAGE = 'clara-sandbox:latest';
  const images = (fake: FakeApp) => specs(fake).map(({ labels }) => labels['clara.image']);

  it.each(['stop', 'restart'])('is what a sandbox has after its next start, by %s', async (verb) => {
    const fake = await start();
    await fake.call('POST', '/sandbox/u/create');
    fake.engine.images.rebuild(IMAGE);
    await fake.call('POST', '/sandbox/u/execute', code);
    expect(images(fake)).toEqual([`sha256:${IMAGE}/0`]);
    await fake.call('POST', `/sandbox/u/${verb}`);
    await fake.call('POST', '/sandbox/u/execute', code);
    expect(images(fake)).toEqual([`sha256:${IMAGE}/1`]);
  });

  it('of a sandbox that asked for its own counts by that name', async () => {
    const fake = await start({ SANDBOX_DOCKER_IMAGES: 'other:1' });
    await fake.call('POST', '/sandbox/u/create', { image: 'other:1' });
    fake.engine.images.rebuild(IMAGE);
    const before = (await fake.call('POST', '/sandbox/u/restart')).json().container_id;
    fake.engine.images.rebuild('other:1');
    expect((await fake.call('POST', '/sandbox/u/restart')).json().container_id).not.toBe(before);
    expect(images(fake)).toEqual(['sha256:other:1/1']);
  });

  it('and gone is still in the containers that were made of it', async () => {
    const fake = await start();
    const before = (await fake.call('POST', '/sandbox/u/create')).json().container_id;
    fake.engine.images.absent.add(IMAGE);
    await fake.call('POST', '/sandbox/u/stop');
    expect((await fake.call('POST', '/sandbox/u/restart')).json()).toMatchObject({ container_id: before });
  });

  it('reaches the pool by itself, and nothing of the old one stays', async () => {
    const fake = await start({ SANDBOX_POOL_SIZE: '2' });
    const hasAll = (build: number) => {
      const found = images(fake);
      return found.length === 2 && found.every((image) => image === `sha256:${IMAGE}/${build}`);
    };
    await until('the pool is filled', () => hasAll(0));
    fake.engine.images.rebuild(IMAGE);
    await until('the pool has only the new image', () => hasAll(1));
    await fake.call('POST', '/sandbox/u/execute', code);
    expect(images(fake)).toContain(`sha256:${IMAGE}/1`);
  });
});
