import { afterEach, describe, expect, it } from 'vitest';
import { type FakeApp, startFakeApp } from '../support/fake-app.ts';

const opened: FakeApp[] = [];

afterEach(async () => {
  for (const fake of opened.splice(0).reverse()) await fake.close();
});

type Variables = Readonly<Record<string, string>>;

async function start(variables: Variables = {}): Promise<FakeApp> {
  const fake = await startFakeApp(variables);
  opened.push(fake);
  return fake;
}

/** The next server over the same data folder and engine. */
async function startAgain(before: FakeApp, variables: Variables = {}): Promise<FakeApp> {
  await before.app.close();
  before.engine.revive();
  const next = await startFakeApp({ SANDBOX_DATA_DIR: before.dataDir, ...variables }, before.engine);
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
