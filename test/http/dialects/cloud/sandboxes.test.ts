import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cloudApp } from '../../../support/cloud-app.ts';
import { speaking, startFakeApp } from '../../../support/fake-app.ts';

const cloud = cloudApp();
const { start, acquire, makeSession, session, act, execute } = cloud;

afterEach(() => cloud.fake.close());

const HOUR_MS = 3_600_000;

describe('a sandbox of a Cloud client', () => {
  beforeEach(() => start());

  it('is acquired with its container, shown as active, and gone for good when it is released', async () => {
    const acquired = await cloud.user.call('POST', '/api/v1/sandbox/acquire');
    const { sandbox_id: id, container_id: container } = acquired.json();
    expect(acquired.json()).toEqual({ sandbox_id: id, container_id: container, status: 'active' });
    expect(cloud.fake.engine.sandboxes.has(container)).toBe(true);
    expect((await cloud.user.call('POST', '/api/v1/sandbox/release', { sandbox_id: id })).json()).toEqual({
      success: true,
    });
    expect(cloud.fake.engine.sandboxes.has(container)).toBe(false);
    expect((await execute({ sandbox_id: id, code: '1' })).statusCode).toBe(404);
    expect((await cloud.user.call('POST', '/api/v1/sandbox/release', { sandbox_id: id })).statusCode).toBe(404);
    expect(await acquire()).not.toBe(id);
  });

  it('comes to the newest active session that has none, with its CPUs and memory as far as the server gives them', async () => {
    const first = await makeSession({ cpu_count: 1, memory_mb: 256 });
    const second = await makeSession({ cpu_count: 64, memory_mb: 1_000_000 });
    const one = await acquire();
    expect((await session(second)).sandbox_id).toBe(one);
    const two = await acquire();
    expect((await session(first)).sandbox_id).toBe(two);
    const three = await acquire();
    const held = (await cloud.user.call('GET', '/api/v1/sessions'))
      .json()
      .sessions.map((each: { sandbox_id: string }) => each.sandbox_id);
    expect(held).not.toContain(three);
    const limits = [...cloud.fake.engine.sandboxes.values()].map(({ spec }) => [spec.cpus, spec.memoryBytes / 2 ** 20]);
    expect(limits).toEqual([
      [4, 2048],
      [1, 256],
      [1, 512],
    ]);
  });

  it('is each its own when many are acquired at once', async () => {
    const sessions = [await makeSession(), await makeSession()];
    const ids = await Promise.all([acquire(), acquire(), acquire()]);
    expect(new Set(ids).size).toBe(3);
    const bound = await Promise.all(sessions.map(async (id) => (await session(id)).sandbox_id));
    expect(new Set(bound).size).toBe(2);
    expect(ids).toEqual(expect.arrayContaining(bound));
  });

  it('counts in the stats until it is released', async () => {
    const id = await acquire();
    await acquire();
    const stats = (await cloud.user.call('GET', '/api/v1/sandbox/stats')).json();
    expect(stats).toEqual({ idle: 0, active: 2, creating: 0, max: 50, total: 2, available: 0, in_use: 2 });
    await cloud.user.call('POST', '/api/v1/sandbox/release', { sandbox_id: id });
    expect((await cloud.user.call('GET', '/api/v1/sandbox/stats')).json()).toMatchObject({
      active: 1,
      in_use: 1,
      total: 1,
    });
  });

  it('is refused with 503 and Retry-After where nothing gives way', async () => {
    await cloud.fake.close();
    await start({ SANDBOX_MAX_CONTAINERS: '1' });
    await acquire();
    const full = await cloud.user.call('POST', '/api/v1/sandbox/acquire');
    expect([full.statusCode, full.json().error]).toEqual([503, 'service_unavailable']);
    expect(Number(full.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('is destroyed after a day without use where no session holds it, and at the end of the session that does', async () => {
    const life = async (id: string) => {
      const [folder] = (await readdir(cloud.fake.dataDir)).filter((name) => name.startsWith(id.slice(0, 24)));
      return JSON.parse(await readFile(join(cloud.fake.dataDir, folder ?? '', 'sandbox.json'), 'utf8')).life;
    };
    const common = { pauseAfter: 'default', stopAfter: 'never', yieldsAtCap: false };
    const free = await acquire();
    expect(await life(free)).toEqual({ ...common, end: { when: 'unused', afterSeconds: 86_400, by: 'purge' } });
    const id = await makeSession({ ttl: HOUR_MS * 1e6 });
    const bound = await acquire();
    const atMs = Date.parse((await session(id)).expires_at);
    expect(await life(bound)).toEqual({ ...common, end: { when: 'at', atMs, by: 'purge' } });
    await act(id, 'pause');
    await act(id, 'resume');
    expect((await life(bound)).end.atMs).toBe(Date.parse((await session(id)).expires_at));
    await cloud.user.call('DELETE', `/api/v1/sessions/${id}/bind`);
    expect((await life(bound)).end.when).toBe('unused');
  });
});

describe('pause and resume of the Cloud SDK', () => {
  beforeEach(() => start());

  it('freezes the sandbox, which release does not destroy, and acquire gives back when it was resumed', async () => {
    const id = await makeSession();
    const sandbox = await acquire();
    const paused = await act(id, 'pause');
    expect(paused.json()).toMatchObject({ status: 'paused', sandbox_id: sandbox, paused_at: expect.any(String) });
    expect((await cloud.user.call('POST', '/api/v1/sandbox/release', { sandbox_id: sandbox })).json()).toEqual({
      success: true,
    });
    const [container] = [...cloud.fake.engine.sandboxes.values()];
    expect(container?.state).toBe('paused');
    expect((await cloud.user.call('GET', '/api/v1/sandbox/stats')).json().in_use).toBe(0);
    const stopped = await execute({ sandbox_id: sandbox, code: '1' });
    expect([stopped.statusCode, stopped.json().error]).toEqual([409, expect.stringContaining('paused')]);
    expect((await cloud.user.call('GET', `/api/v1/files?sandbox_id=${sandbox}`)).statusCode).toBe(409);
    cloud.fake.clock.nowMs += 5 * HOUR_MS;
    const resumed = (await act(id, 'resume')).json();
    expect(resumed).toMatchObject({ status: 'active', sandbox_id: sandbox });
    expect('paused_at' in resumed).toBe(false);
    expect(Date.parse(resumed.expires_at)).toBe(cloud.fake.clock.wallMs() + 24 * HOUR_MS);
    expect(container?.state).toBe('running');
    expect(await acquire()).toBe(sandbox);
    expect(await acquire()).not.toBe(sandbox);
    expect((await cloud.user.call('GET', '/api/v1/sandbox/stats')).json().in_use).toBe(2);
  });

  it('of several sessions gives the sandboxes back in the order of resuming', async () => {
    const [first, second] = [await makeSession(), await makeSession()];
    const [ofSecond, ofFirst] = [await acquire(), await acquire()];
    for (const id of [first, second]) await act(id, 'pause');
    await act(second, 'resume');
    await act(first, 'resume');
    const bare = await makeSession();
    expect([await acquire(), await acquire()]).toEqual([ofSecond, ofFirst]);
    const third = await acquire();
    expect((await session(bare)).sandbox_id).toBe(third);
  });

  it('works on a session that never had a sandbox, and only in its order', async () => {
    const id = await makeSession();
    expect((await act(id, 'resume')).statusCode).toBe(400);
    expect((await act(id, 'pause')).json().status).toBe('paused');
    expect((await act(id, 'pause')).statusCode).toBe(400);
    expect((await act(id, 'resume')).json().status).toBe('active');
    const again = await act(id, 'resume');
    expect([again.statusCode, again.json().error]).toEqual([400, 'The session is active.']);
    expect((await session(id)).sandbox_id).toBeUndefined();
    expect((await session(id)).sandbox_id ?? (await acquire())).toEqual(expect.any(String));
  });

  it('works after the sandbox was released before the pause', async () => {
    const id = await makeSession();
    await cloud.user.call('POST', '/api/v1/sandbox/release', { sandbox_id: await acquire() });
    expect((await session(id)).sandbox_id).toBeUndefined();
    expect((await act(id, 'pause')).json().status).toBe('paused');
    expect((await act(id, 'resume')).json().status).toBe('active');
  });

  it('ends with the session, whose deletion destroys the sandbox also while it is paused', async () => {
    const id = await makeSession();
    await acquire();
    await act(id, 'pause');
    expect((await cloud.user.call('DELETE', `/api/v1/sessions/${id}`)).json()).toEqual({ success: true });
    expect(cloud.fake.engine.sandboxes.size).toBe(0);
    expect((await cloud.user.call('DELETE', `/api/v1/sessions/${id}`)).statusCode).toBe(404);
  });

  it('outlives the server, with touches and the sandbox that it had', async () => {
    const id = await makeSession({ metadata: { a: 'b' } });
    const sandbox = await acquire();
    await act(id, 'pause');
    const before = await session(id);
    const { dataDir, engine, clock } = cloud.fake;
    await cloud.fake.app.close();
    engine.revive();
    await cloud.use(
      await startFakeApp({ SANDBOX_DATA_DIR: dataDir }, engine, { clock, ...speaking('cloud', 'metrics') }),
    );
    expect(await session(id)).toEqual(before);
    expect((await act(id, 'resume')).json()).toMatchObject({ status: 'active', sandbox_id: sandbox });
    expect(await acquire()).toBe(sandbox);
  });
});

describe('bind and unbind of a Cloud client', () => {
  beforeEach(() => start());

  it('give a session a sandbox that no other live session holds, and take it again', async () => {
    const sandbox = await acquire();
    const [one, other] = [await makeSession(), await makeSession()];
    expect((await act(one, 'bind', { sandbox_id: sandbox })).json()).toEqual({ success: true });
    expect((await act(one, 'bind', { sandbox_id: sandbox })).json()).toEqual({ success: true });
    expect((await session(one)).sandbox_id).toBe(sandbox);
    expect((await act(other, 'bind', { sandbox_id: sandbox })).statusCode).toBe(409);
    expect((await cloud.user.call('DELETE', `/api/v1/sessions/${one}/bind`)).json()).toEqual({ success: true });
    expect((await session(one)).sandbox_id).toBeUndefined();
    expect((await act(other, 'bind', { sandbox_id: sandbox })).json()).toEqual({ success: true });
    expect((await act(one, 'bind', { sandbox_id: 'none' })).statusCode).toBe(404);
    expect((await act(one, 'bind')).json().error).toBe('sandbox_id is required');
  });

  it('give a sandbox to one of two sessions that ask for it at the same time', async () => {
    const sandbox = await acquire();
    const sessions = [await makeSession(), await makeSession()];
    const bound = await Promise.all(sessions.map((id) => act(id, 'bind', { sandbox_id: sandbox })));
    expect(bound.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409]);
  });

  it('leave the sandbox acquired when it is unbound and its session ends', async () => {
    const id = await makeSession();
    const sandbox = await acquire();
    await cloud.user.call('DELETE', `/api/v1/sessions/${id}/bind`);
    await cloud.user.call('DELETE', `/api/v1/sessions/${id}`);
    expect((await execute({ sandbox_id: sandbox, code: '1' })).statusCode).toBe(200);
  });
});
