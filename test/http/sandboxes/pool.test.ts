import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { toSandboxId } from '../../../src/base/sandbox-address.ts';
import type { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { until } from '../../support/until.ts';

const opened: FakeApp[] = [];

afterEach(async () => {
  for (const fake of opened.splice(0).reverse()) await fake.close();
});

async function start(variables: Readonly<Record<string, string>>, engine?: FakeEngine): Promise<FakeApp> {
  const fake = await startNativeApp(variables, engine);
  opened.push(fake);
  return fake;
}

const pooled = (fake: FakeApp) => [...fake.engine.sandboxes.values()].filter(({ name }) => name.includes('-pool-'));

async function filled(fake: FakeApp, size: number): Promise<void> {
  const count = async () => (await fake.call('GET', '/info')).json().pooled_sandboxes;
  await until(`the pool holds ${size}`, async () => (await count()) >= size);
}

describe('the pool', () => {
  it('gives a new address a sandbox without a create, and is filled again', async () => {
    const fake = await start({ SANDBOX_POOL_SIZE: '2' });
    await filled(fake, 2);
    const [first] = pooled(fake);
    fake.engine.calls.length = 0;
    const info = (await fake.call('POST', '/sandbox/u/create')).json();
    expect(info.container_id).toBe(first?.id.slice(0, 12));
    expect(fake.engine.calls.filter((call) => /^(create|start)/.test(call) && !call.includes('-pool-'))).toEqual([]);
    expect(first?.name).toMatch(/-u-[0-9a-f]{20}$/);
    await filled(fake, 2);
    expect((await fake.call('POST', '/sandbox/u/execute', { code: 'print(7)' })).json().output).toBe('7\n');
  });

  it('never gives one sandbox to two addresses', async () => {
    const fake = await start({ SANDBOX_POOL_SIZE: '2' });
    await filled(fake, 2);
    const infos = await Promise.all(
      Array.from({ length: 6 }, (_, index) => fake.call('POST', `/sandbox/user-${index}/create`)),
    );
    expect(new Set(infos.map((response) => response.json().container_id)).size).toBe(6);
  });

  it('is passed over by a create that asks for other limits', async () => {
    const fake = await start({ SANDBOX_POOL_SIZE: '1' });
    await filled(fake, 1);
    const [waiting] = pooled(fake);
    const info = (await fake.call('POST', '/sandbox/u/create', { memory_limit: '256m' })).json();
    expect(info.container_id).not.toBe(waiting?.id.slice(0, 12));
    expect((await fake.call('POST', '/sandbox/v/create', { memory_limit: '512m' })).json().container_id).toBe(
      waiting?.id.slice(0, 12),
    );
  });

  it('is passed over by an address whose folder a crash has left without a record', async () => {
    const fake = await start({ SANDBOX_POOL_SIZE: '1' });
    await filled(fake, 1);
    const folder = join(fake.dataDir, toSandboxId({ namespace: 'clara', id: 'u' }));
    await mkdir(join(folder, 'workspace'), { recursive: true });
    expect((await fake.call('POST', '/sandbox/u/create')).statusCode).toBe(200);
    const { uid } = JSON.parse(await readFile(join(folder, 'sandbox.json'), 'utf8'));
    const [sandbox] = [...fake.engine.sandboxes.values()].filter(({ name }) => /-u-[0-9a-f]{20}$/.test(name));
    expect(sandbox?.spec.user).toEqual({ uid, gid: uid });
  });

  it('is passed over by an address that has files already', async () => {
    const fake = await start({ SANDBOX_POOL_SIZE: '1' });
    await filled(fake, 1);
    await fake.call('POST', '/sandbox/u/file', { path: 'kept.txt', content: 'kept' });
    await fake.call('DELETE', '/sandbox/u');
    await filled(fake, 1);
    await fake.call('POST', '/sandbox/u/create');
    expect((await fake.call('GET', '/sandbox/u/file?path=/workspace/kept.txt')).json().content).toBe('kept');
  });

  it('is no active sandbox in /info until it is claimed', async () => {
    const fake = await start({ SANDBOX_POOL_SIZE: '2' });
    const info = async () => (await fake.call('GET', '/info')).json();
    await filled(fake, 2);
    expect(await info()).toMatchObject({ active_sandboxes: 0, pooled_sandboxes: 2 });
    await fake.call('POST', '/sandbox/u/create');
    expect(await info()).toMatchObject({ active_sandboxes: 1 });
    await fake.call('DELETE', '/sandbox/u');
    expect(await info()).toMatchObject({ active_sandboxes: 0 });
  });

  it('counts against the cap, and gives way to users', async () => {
    const fake = await start({ SANDBOX_POOL_SIZE: '2', SANDBOX_MAX_CONTAINERS: '2' });
    await filled(fake, 2);
    for (const user of ['a', 'b']) {
      expect((await fake.call('POST', `/sandbox/${user}/create`, { memory_limit: '256m' })).statusCode).toBe(200);
    }
    const states = [...fake.engine.sandboxes.values()].map(({ name, state }) => [name.includes('-pool-'), state]);
    expect(states).toEqual([
      [false, 'running'],
      [false, 'running'],
    ]);
  });

  it('grows to the largest burst, so that the next one is served whole, and shrinks when that is long ago', async () => {
    const fake = await start({ SANDBOX_POOL_SIZE: 'auto' });
    await filled(fake, 2);
    const burst = (name: string) =>
      Promise.all(Array.from({ length: 8 }, (_, index) => fake.call('POST', `/sandbox/${name}-${index}/create`)));
    await burst('first');
    await filled(fake, 8);
    const waiting = new Set(pooled(fake).map(({ id }) => id.slice(0, 12)));
    const second = (await burst('second')).map((answer) => answer.json().container_id);
    expect(second.filter((id) => waiting.has(id))).toHaveLength(8);
    fake.clock.nowMs += 601_000;
    await fake.call('POST', '/sandbox/single/create');
    await until('the pool is small again', () => pooled(fake).length === 2);
  });

  it('hands out files and packages that survive stop and restart', async () => {
    const fake = await start({ SANDBOX_POOL_SIZE: '1' });
    await filled(fake, 1);
    await fake.call('POST', '/sandbox/u/file', { path: 'kept.txt', content: 'kept' });
    for (const verb of ['stop', 'restart']) {
      await fake.call('POST', `/sandbox/u/${verb}`);
      expect((await fake.call('GET', '/sandbox/u/file?path=/workspace/kept.txt')).json().content).toBe('kept');
    }
  });

  it('does not hand out a sandbox that died while it waited', async () => {
    const fake = await start({ SANDBOX_POOL_SIZE: '1' });
    await filled(fake, 1);
    const [waiting] = pooled(fake);
    fake.engine.kill(waiting?.name ?? '');
    expect((await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' })).json()).toMatchObject({
      success: true,
    });
  });

  it('is drained when the server closes, and what a crash left is removed at the next start', async () => {
    const first = await start({ SANDBOX_POOL_SIZE: '2' });
    await filled(first, 2);
    const [waiting] = pooled(first);
    await first.app.close();
    expect(pooled(first)).toEqual([]);
    expect((await readdir(first.dataDir)).filter((name) => name.startsWith('pool-'))).toEqual([]);

    first.engine.revive();
    if (waiting) await first.engine.create({ ...waiting.spec, mounts: [] });
    const second = await start({ SANDBOX_DATA_DIR: first.dataDir, SANDBOX_POOL_SIZE: '0' }, first.engine);
    expect(second.engine.sandboxes.size).toBe(0);
  });
});
