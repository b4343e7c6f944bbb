import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cloudApp } from '../../../support/cloud-app.ts';
import { speaking, WITH_DOCUMENTS } from '../../../support/fake-app.ts';

const cloud = cloudApp({ ...speaking('cloud', 'metrics'), ...WITH_DOCUMENTS });
const { start, acquire, makeSession, session, act, execute } = cloud;

afterEach(() => cloud.fake.close());

const HOUR_MS = 3_600_000;

describe('a client of the Cloud Sandbox API', () => {
  beforeEach(() => start());

  it('finds all fields of the guide in a session that it makes', async () => {
    const made = await cloud.user.call('POST', '/api/v1/sessions', {
      image: 'python:3.11-slim',
      cpu_count: 64,
      memory_mb: 1_000_000,
      metadata: { purpose: 'testing' },
    });
    const at = new Date(cloud.fake.clock.wallMs()).toISOString();
    expect(made.statusCode).toBe(201);
    const { id } = made.json();
    expect(made.json()).toEqual({
      ...{ id, user_id: 'my-user', status: 'active', image: 'python:3.11-slim', cpu_count: 64, memory_mb: 1_000_000 },
      ...{ created_at: at, updated_at: at, last_active_at: at, metadata: { purpose: 'testing' } },
      expires_at: new Date(cloud.fake.clock.wallMs() + 24 * HOUR_MS).toISOString(),
    });
    expect(await session(id)).toEqual(made.json());
    expect((await cloud.user.call('GET', '/api/v1/sessions')).json()).toEqual({ sessions: [made.json()] });
  });

  it('of the SDK sends {} or nothing, and gets the usual image, CPUs and memory', async () => {
    for (const body of [{}, undefined, { image: null, cpu_count: null, memory_mb: null, ttl: null, metadata: null }]) {
      expect((await cloud.user.call('POST', '/api/v1/sessions', body)).json()).toMatchObject({
        image: 'python:3.11-slim',
        cpu_count: 2,
        memory_mb: 2048,
      });
    }
    const listed = (await cloud.user.call('GET', '/api/v1/sessions')).json().sessions;
    expect(listed).toHaveLength(3);
    expect('metadata' in listed[0]).toBe(false);
  });

  it('names a life in nanoseconds, a week at the most; afterwards the session is expired and its sandbox destroyed', async () => {
    const week = await session(await makeSession({ ttl: 30 * 24 * HOUR_MS * 1e6 }));
    expect(Date.parse(week.expires_at) - Date.parse(week.created_at)).toBe(7 * 24 * HOUR_MS);
    const id = await makeSession({ ttl: HOUR_MS * 1e6 });
    const sandbox = await acquire();
    cloud.fake.clock.nowMs += HOUR_MS + 10;
    const expired = await session(id);
    expect(expired.status).toBe('expired');
    expect('sandbox_id' in expired).toBe(false);
    expect((await execute({ sandbox_id: sandbox, code: '1' })).statusCode).toBe(404);
    for (const action of ['pause', 'resume', 'touch']) expect((await act(id, action)).statusCode).toBe(400);
    expect((await cloud.user.call('DELETE', `/api/v1/sessions/${id}`)).json()).toEqual({ success: true });
  });

  it('of the SDK may ask for a year, more nanoseconds than an integer holds exactly, and gets a week', async () => {
    for (const hours of [2_503, 8_760, 876_000]) {
      const given = await session(await makeSession({ ttl: hours * HOUR_MS * 1e6 }));
      expect(Date.parse(given.expires_at) - Date.parse(given.created_at)).toBe(7 * 24 * HOUR_MS);
    }
  });

  it('is told at which field a session cannot be', async () => {
    for (const [body, field] of [
      [{ cpu_count: 0 }, 'cpu_count'],
      [{ cpu_count: 1.5 }, 'cpu_count'],
      [{ memory_mb: -1 }, 'memory_mb'],
      [{ memory_mb: '2048' }, 'memory_mb'],
      [{ ttl: -1 }, 'ttl'],
      [{ ttl: 0.5 }, 'ttl'],
      [{ ttl: '3600000000000' }, 'ttl'],
      [{ image: 'ubuntu:24.04' }, 'ubuntu:24.04'],
      [{ metadata: { a: 1 } }, 'metadata'],
    ] as const) {
      const refused = await cloud.user.call('POST', '/api/v1/sessions', body);
      expect(refused.statusCode).toBe(400);
      expect(refused.json().error).toContain(field);
      expect(refused.json().message).toContain(field);
    }
    const headers = { authorization: cloud.user.authorization, 'content-type': 'application/json' };
    const broken = await cloud.fake.inject({ method: 'POST', url: '/api/v1/sessions', headers, payload: '{"image":' });
    expect(broken.statusCode).toBe(400);
  });

  it('may send a JSON content type without a body on every route', async () => {
    const headers = { authorization: cloud.user.authorization, 'content-type': 'application/json' };
    const id = await makeSession();
    for (const [method, url, status] of [
      ['GET', '/api/v1/sessions', 200],
      ['POST', '/api/v1/sessions', 201],
      ['GET', `/api/v1/sessions/${id}`, 200],
      ['POST', '/api/v1/sandbox/acquire', 200],
      ['GET', '/api/v1/sandbox/stats', 200],
      ['POST', `/api/v1/sessions/${id}/touch`, 200],
      ['POST', `/api/v1/sessions/${id}/pause`, 200],
      ['POST', `/api/v1/sessions/${id}/resume`, 200],
      ['POST', `/api/v1/sessions/${id}/bind`, 400],
      ['DELETE', `/api/v1/sessions/${id}/bind`, 200],
      ['POST', '/api/v1/sandbox/release', 400],
      ['POST', '/api/v1/execute', 400],
      ['PUT', '/api/v1/files', 400],
      ['DELETE', `/api/v1/sessions/${id}`, 200],
    ] as const) {
      const answer = await cloud.fake.inject({ method, url, headers });
      expect([url, answer.statusCode]).toEqual([url, status]);
      if (status === 400) expect(answer.json().error).toMatch(/sandbox_id is required|required/);
    }
  });

  it('gets JSON with error and message for what there is not', async () => {
    const unknown = '/api/v1/sessions/0b7e6c1e-6f2f-4b39-9c8e-6d7f7a3f2f11';
    for (const [method, url] of [
      ['GET', unknown],
      ['DELETE', unknown],
      ['POST', `${unknown}/pause`],
      ['GET', '/api/v1/files?sandbox_id=none&path=/workspace'],
    ] as const) {
      const answer = await cloud.user.call(method, url);
      expect(answer.statusCode).toBe(404);
      expect(answer.json()).toEqual({ error: 'not_found', message: expect.any(String) });
    }
    const outside = await cloud.user.call('GET', '/api/v1/nothing');
    expect([outside.statusCode, outside.json().error]).toEqual([404, 'not_found']);
    const action = await act(await makeSession(), 'explode');
    expect([action.statusCode, action.json().error]).toEqual([400, expect.stringContaining('explode')]);
    expect((await cloud.user.call('GET', '/api/v1/sandbox/acquire')).statusCode).toBe(405);
  });
});

describe('the OpenAPI document of Cloud', () => {
  it('has its routes alone, beside that of the native API', async () => {
    await start();
    const document = (await cloud.fake.inject({ url: '/docs/cloud.json' })).json();
    expect(document.info.title).toBe('Cloud Sandbox API');
    expect(Object.keys(document.paths).every((path) => path.startsWith('/api/v1/'))).toBe(true);
    expect(Object.keys(document.paths)).toHaveLength(15);
    expect(Object.keys(document.components.schemas).every((name) => name.startsWith('Cloud'))).toBe(true);
    const native = (await cloud.fake.inject({ url: '/docs/json' })).json();
    expect(JSON.stringify(native)).not.toContain('Cloud');
    expect((await cloud.fake.inject({ url: '/docs/static/swagger-initializer.js' })).body).toContain(
      '/docs/cloud.json',
    );
  });
});
