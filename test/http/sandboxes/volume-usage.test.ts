import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { FakeVolumes } from '../../fakes/fake-volumes.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { until } from '../../support/until.ts';

const KEY = 'key-of-the-team';
const HASH = createHash('sha256').update(KEY).digest('hex');
const MIB = 2 ** 20;

let fake: FakeApp;
let volumes: FakeVolumes;

beforeEach(() => {
  volumes = new FakeVolumes();
});
afterEach(() => fake.close());

async function start(variables: Readonly<Record<string, string>>): Promise<void> {
  const engine = new FakeEngine();
  engine.volumes = volumes;
  fake = await startNativeApp(variables, engine);
}

async function upload(user: string, headers: Readonly<Record<string, string>> = {}) {
  return await fake.inject({
    method: 'POST',
    url: `/sandbox/${user}/file`,
    headers: { 'x-api-key': KEY, ...headers },
    payload: { path: 'a.txt', content: 'a' },
  });
}

describe('what volumes of the engine take', () => {
  it.each([
    ['has a limit', {}],
    ['has none', { SANDBOX_DISK_LIMIT: '0' }],
  ])('counts for their key, where each %s', async (_what, variables) => {
    await start({ SANDBOX_API_KEYS: `team:sha256:${HASH};disk=32m`, ...variables });
    volumes.usedBytes = 40 * MIB;
    expect((await upload('one')).statusCode).toBe(200);
    await until('it is counted', async () => (await upload('one')).statusCode === 507);
    const refused = await upload('two');
    expect(refused.statusCode).toBe(507);
    expect(refused.json().error).toContain('key team and their checkpoints may take 32 MiB');
  });

  it('counts with that of their checkpoints', async () => {
    await start({ SANDBOX_API_KEYS: `team:sha256:${HASH};disk=64m` });
    volumes.usedBytes = 20 * MIB;
    expect((await upload('one')).statusCode).toBe(200);
    const take = async () =>
      await fake.inject({ method: 'POST', url: '/sandbox/one/checkpoints', headers: { 'x-api-key': KEY } });
    expect((await take()).statusCode).toBe(201);
    await until('a third copy is too much', async () => (await take()).statusCode === 507);
    expect(volumes.all.size).toBeLessThanOrEqual(3);
  });

  it('counts for a client of a gateway', async () => {
    await start({ SANDBOX_API_KEYS: `gw:sha256:${HASH};gateway` });
    volumes.usedBytes = 40 * MIB;
    const headers = { 'x-sandbox-principal': 'bot', 'x-sandbox-limits': 'disk=1048576' };
    expect((await upload('one', headers)).statusCode).toBe(200);
    await until('it is counted', async () => (await upload('one', headers)).statusCode === 507);
    expect((await upload('two', { 'x-sandbox-principal': 'chat' })).statusCode).toBe(200);
  });

  it('holds up no upload and no list while the engine does not say', async () => {
    await start({ SANDBOX_API_KEYS: `team:sha256:${HASH};disk=32m` });
    expect((await upload('one')).statusCode).toBe(200);
    volumes.down = true;
    expect((await upload('one')).statusCode).toBe(200);
    expect((await fake.call('GET', '/sandbox')).json().sandboxes).toHaveLength(1);
    expect((await fake.call('GET', '/sandbox/one/status')).json()).toMatchObject({
      status: 'running',
      disk_limit_mb: null,
    });
  });
});

it('a full disk of the server refuses no sandbox whose files are in volumes', async () => {
  await start({ SANDBOX_API_KEYS: `team:sha256:${HASH}`, SANDBOX_DISK_RESERVE: '1000000g' });
  expect((await upload('one')).statusCode).toBe(200);
  const health = (await fake.call('GET', '/health')).json();
  expect(health.warnings).toContainEqual(expect.stringContaining('records of sandboxes may soon not be written'));
});
