import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asCloudUser, type CloudUser } from '../../support/cloud-user.ts';
import { API_KEY, type FakeApp, speaking, startFakeApp } from '../../support/fake-app.ts';

let fake: FakeApp;
let user: CloudUser;

async function start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
  fake = await startFakeApp(variables, undefined, speaking('cloud', 'metrics'));
  user = await asCloudUser(fake, 'my-user');
}

afterEach(() => fake.close());

const HOUR_MS = 3_600_000;

async function acquire(of: CloudUser = user): Promise<string> {
  const answer = await of.call('POST', '/api/v1/sandbox/acquire');
  expect(answer.statusCode).toBe(200);
  return answer.json().sandbox_id;
}

async function makeSession(body: object = {}, of: CloudUser = user): Promise<string> {
  const made = await of.call('POST', '/api/v1/sessions', body);
  expect(made.statusCode).toBe(201);
  return made.json().id;
}

const session = async (id: string) => (await user.call('GET', `/api/v1/sessions/${id}`)).json();
const act = (id: string, action: string, body?: object) => user.call('POST', `/api/v1/sessions/${id}/${action}`, body);
const execute = (body: object) => user.call('POST', '/api/v1/execute', body);

describe('a client of the Cloud Sandbox API', () => {
  beforeEach(() => start());

  it('finds all fields of the guide in a session that it makes', async () => {
    const made = await user.call('POST', '/api/v1/sessions', {
      image: 'python:3.11-slim',
      cpu_count: 64,
      memory_mb: 1_000_000,
      metadata: { purpose: 'testing' },
    });
    const at = new Date(fake.clock.wallMs()).toISOString();
    expect(made.statusCode).toBe(201);
    const { id } = made.json();
    expect(made.json()).toEqual({
      ...{ id, user_id: 'my-user', status: 'active', image: 'python:3.11-slim', cpu_count: 64, memory_mb: 1_000_000 },
      ...{ created_at: at, updated_at: at, last_active_at: at, metadata: { purpose: 'testing' } },
      expires_at: new Date(fake.clock.wallMs() + 24 * HOUR_MS).toISOString(),
    });
    expect(await session(id)).toEqual(made.json());
    expect((await user.call('GET', '/api/v1/sessions')).json()).toEqual({ sessions: [made.json()] });
  });

  it('of the SDK sends {} or nothing, and gets the usual image, CPUs and memory', async () => {
    for (const body of [{}, undefined, { image: null, cpu_count: null, memory_mb: null, ttl: null, metadata: null }]) {
      expect((await user.call('POST', '/api/v1/sessions', body)).json()).toMatchObject({
        image: 'python:3.11-slim',
        cpu_count: 2,
        memory_mb: 2048,
      });
    }
    const listed = (await user.call('GET', '/api/v1/sessions')).json().sessions;
    expect(listed).toHaveLength(3);
    expect('metadata' in listed[0]).toBe(false);
  });

  it('names a life in nanoseconds, a week at the most; afterwards the session is expired and its sandbox destroyed', async () => {
    const week = await session(await makeSession({ ttl: 30 * 24 * HOUR_MS * 1e6 }));
    expect(Date.parse(week.expires_at) - Date.parse(week.created_at)).toBe(7 * 24 * HOUR_MS);
    const id = await makeSession({ ttl: HOUR_MS * 1e6 });
    const sandbox = await acquire();
    fake.clock.nowMs += HOUR_MS + 10;
    const expired = await session(id);
    expect(expired.status).toBe('expired');
    expect('sandbox_id' in expired).toBe(false);
    expect((await execute({ sandbox_id: sandbox, code: '1' })).statusCode).toBe(404);
    for (const action of ['pause', 'resume', 'touch']) expect((await act(id, action)).statusCode).toBe(400);
    expect((await user.call('DELETE', `/api/v1/sessions/${id}`)).json()).toEqual({ success: true });
  });

  it('is told at which field a session cannot be', async () => {
    for (const [body, field] of [
      [{ cpu_count: 0 }, 'cpu_count'],
      [{ cpu_count: 1.5 }, 'cpu_count'],
      [{ memory_mb: -1 }, 'memory_mb'],
      [{ memory_mb: '2048' }, 'memory_mb'],
      [{ ttl: -1 }, 'ttl'],
      [{ image: 'ubuntu:24.04' }, 'ubuntu:24.04'],
      [{ metadata: { a: 1 } }, 'metadata'],
    ] as const) {
      const refused = await user.call('POST', '/api/v1/sessions', body);
      expect(refused.statusCode).toBe(400);
      expect(refused.json().error).toContain(field);
      expect(refused.json().message).toContain(field);
    }
    const headers = { authorization: user.authorization, 'content-type': 'application/json' };
    const broken = await fake.inject({ method: 'POST', url: '/api/v1/sessions', headers, payload: '{"image":' });
    expect(broken.statusCode).toBe(400);
  });

  it('may send a JSON content type without a body on every route', async () => {
    const headers = { authorization: user.authorization, 'content-type': 'application/json' };
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
      const answer = await fake.inject({ method, url, headers });
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
      const answer = await user.call(method, url);
      expect(answer.statusCode).toBe(404);
      expect(answer.json()).toEqual({ error: 'not_found', message: expect.any(String) });
    }
    const outside = await user.call('GET', '/api/v1/nothing');
    expect([outside.statusCode, outside.json().error]).toEqual([404, 'not_found']);
    const action = await act(await makeSession(), 'explode');
    expect([action.statusCode, action.json().error]).toEqual([400, expect.stringContaining('explode')]);
    expect((await user.call('GET', '/api/v1/sandbox/acquire')).statusCode).toBe(405);
  });
});

describe('a sandbox of a Cloud client', () => {
  beforeEach(() => start());

  it('is acquired with its container, shown as active, and gone for good when it is released', async () => {
    const acquired = await user.call('POST', '/api/v1/sandbox/acquire');
    const { sandbox_id: id, container_id: container } = acquired.json();
    expect(acquired.json()).toEqual({ sandbox_id: id, container_id: container, status: 'active' });
    expect(fake.engine.sandboxes.has(container)).toBe(true);
    expect((await user.call('POST', '/api/v1/sandbox/release', { sandbox_id: id })).json()).toEqual({ success: true });
    expect(fake.engine.sandboxes.has(container)).toBe(false);
    expect((await execute({ sandbox_id: id, code: '1' })).statusCode).toBe(404);
    expect((await user.call('POST', '/api/v1/sandbox/release', { sandbox_id: id })).statusCode).toBe(404);
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
    const held = (await user.call('GET', '/api/v1/sessions'))
      .json()
      .sessions.map((each: { sandbox_id: string }) => each.sandbox_id);
    expect(held).not.toContain(three);
    const limits = [...fake.engine.sandboxes.values()].map(({ spec }) => [spec.cpus, spec.memoryBytes / 2 ** 20]);
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
    const stats = (await user.call('GET', '/api/v1/sandbox/stats')).json();
    expect(stats).toEqual({ idle: 0, active: 2, creating: 0, max: 50, total: 2, available: 0, in_use: 2 });
    await user.call('POST', '/api/v1/sandbox/release', { sandbox_id: id });
    expect((await user.call('GET', '/api/v1/sandbox/stats')).json()).toMatchObject({ active: 1, in_use: 1, total: 1 });
  });

  it('is refused with 503 and Retry-After where nothing gives way', async () => {
    await fake.close();
    await start({ SANDBOX_MAX_CONTAINERS: '1' });
    await acquire();
    const full = await user.call('POST', '/api/v1/sandbox/acquire');
    expect([full.statusCode, full.json().error]).toEqual([503, 'service_unavailable']);
    expect(Number(full.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('is destroyed after a day without use where no session holds it, and at the end of the session that does', async () => {
    const life = async (id: string) => {
      const [folder] = (await readdir(fake.dataDir)).filter((name) => name.startsWith(id.slice(0, 24)));
      return JSON.parse(await readFile(join(fake.dataDir, folder ?? '', 'sandbox.json'), 'utf8')).life;
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
    await user.call('DELETE', `/api/v1/sessions/${id}/bind`);
    expect((await life(bound)).end.when).toBe('unused');
  });
});

describe('pause and resume of the SDK', () => {
  beforeEach(() => start());

  it('freezes the sandbox, which release does not destroy, and acquire gives back when it was resumed', async () => {
    const id = await makeSession();
    const sandbox = await acquire();
    const paused = await act(id, 'pause');
    expect(paused.json()).toMatchObject({ status: 'paused', sandbox_id: sandbox, paused_at: expect.any(String) });
    expect((await user.call('POST', '/api/v1/sandbox/release', { sandbox_id: sandbox })).json()).toEqual({
      success: true,
    });
    const [container] = [...fake.engine.sandboxes.values()];
    expect(container?.state).toBe('paused');
    expect((await user.call('GET', '/api/v1/sandbox/stats')).json().in_use).toBe(0);
    const stopped = await execute({ sandbox_id: sandbox, code: '1' });
    expect([stopped.statusCode, stopped.json().error]).toEqual([409, expect.stringContaining('paused')]);
    expect((await user.call('GET', `/api/v1/files?sandbox_id=${sandbox}`)).statusCode).toBe(409);
    fake.clock.nowMs += 5 * HOUR_MS;
    const resumed = (await act(id, 'resume')).json();
    expect(resumed).toMatchObject({ status: 'active', sandbox_id: sandbox });
    expect('paused_at' in resumed).toBe(false);
    expect(Date.parse(resumed.expires_at)).toBe(fake.clock.wallMs() + 24 * HOUR_MS);
    expect(container?.state).toBe('running');
    expect(await acquire()).toBe(sandbox);
    expect(await acquire()).not.toBe(sandbox);
    expect((await user.call('GET', '/api/v1/sandbox/stats')).json().in_use).toBe(2);
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
    await user.call('POST', '/api/v1/sandbox/release', { sandbox_id: await acquire() });
    expect((await session(id)).sandbox_id).toBeUndefined();
    expect((await act(id, 'pause')).json().status).toBe('paused');
    expect((await act(id, 'resume')).json().status).toBe('active');
  });

  it('ends with the session, whose deletion destroys the sandbox also while it is paused', async () => {
    const id = await makeSession();
    await acquire();
    await act(id, 'pause');
    expect((await user.call('DELETE', `/api/v1/sessions/${id}`)).json()).toEqual({ success: true });
    expect(fake.engine.sandboxes.size).toBe(0);
    expect((await user.call('DELETE', `/api/v1/sessions/${id}`)).statusCode).toBe(404);
  });

  it('outlives the server, with touches and the sandbox that it had', async () => {
    const id = await makeSession({ metadata: { a: 'b' } });
    const sandbox = await acquire();
    await act(id, 'pause');
    const before = await session(id);
    const { dataDir, engine, clock } = fake;
    await fake.app.close();
    engine.revive();
    fake = await startFakeApp({ SANDBOX_DATA_DIR: dataDir }, engine, { clock, ...speaking('cloud', 'metrics') });
    user = await asCloudUser(fake, 'my-user');
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
    expect((await user.call('DELETE', `/api/v1/sessions/${one}/bind`)).json()).toEqual({ success: true });
    expect((await session(one)).sandbox_id).toBeUndefined();
    expect((await act(other, 'bind', { sandbox_id: sandbox })).json()).toEqual({ success: true });
    expect((await act(one, 'bind', { sandbox_id: 'none' })).statusCode).toBe(404);
    expect((await act(one, 'bind')).json().error).toBe('sandbox_id is required');
  });

  it('leave the sandbox acquired when it is unbound and its session ends', async () => {
    const id = await makeSession();
    const sandbox = await acquire();
    await user.call('DELETE', `/api/v1/sessions/${id}/bind`);
    await user.call('DELETE', `/api/v1/sessions/${id}`);
    expect((await execute({ sandbox_id: sandbox, code: '1' })).statusCode).toBe(200);
  });
});

describe('execute of a Cloud client', () => {
  beforeEach(() => start());

  it('runs Python where nothing names a language, in /workspace, with the variables of the call', async () => {
    const sandbox = await acquire();
    const [container] = [...fake.engine.sandboxes.values()];
    const runs: unknown[] = [];
    if (container) {
      container.agent.onRun = (run) => {
        runs.push(run);
        return { stdout: 'Hello!\n' };
      };
    }
    const answer = await execute({ sandbox_id: sandbox, code: 'print("Hello!")', env: { A: 'b' } });
    expect(answer.json()).toEqual({
      exit_code: 0,
      stdout: 'Hello!\n',
      stderr: '',
      duration_ms: expect.any(Number),
      timed_out: false,
    });
    expect(runs[0]).toMatchObject({ program: 'python', cwd: '/workspace', env: { A: 'b' } });
    await execute({
      sandbox_id: sandbox,
      code: 'ignored',
      language: 'cobol',
      command: ['ls', '-la'],
      work_dir: '/tmp',
    });
    expect(runs[1]).toMatchObject({ program: 'argv', argv: ['ls', '-la'], cwd: '/tmp' });
    for (const language of [
      'python',
      'python3',
      'Node',
      'javascript',
      'js',
      'bash',
      'sh',
      'shell',
      'ruby',
      'go',
      'golang',
    ]) {
      expect((await execute({ sandbox_id: sandbox, code: '1', language, timeout: 0 })).statusCode).toBe(200);
    }
  });

  it('is told what is missing or not to be had', async () => {
    const sandbox = await acquire();
    for (const [body, words] of [
      [{}, 'sandbox_id'],
      [{ sandbox_id: sandbox }, 'code or command'],
      [{ sandbox_id: sandbox, code: '1', language: 'cobol' }, 'cobol'],
      [{ sandbox_id: sandbox, code: '1', timeout: -1 }, 'timeout'],
      [{ sandbox_id: sandbox, code: '1', timeout: 1_000_000 }, 'timeout'],
      [{ sandbox_id: sandbox, code: '1', env: { 'not a name': '' } }, 'env'],
    ] as const) {
      const refused = await execute(body);
      expect([refused.statusCode, refused.json().error]).toEqual([400, expect.stringContaining(words)]);
    }
    expect((await execute({ sandbox_id: 'none', code: '1' })).statusCode).toBe(404);
  });

  it('has its answer before its own deadline, with what was written and 124', async () => {
    const sandbox = await acquire();
    const [container] = [...fake.engine.sandboxes.values()];
    let timeoutMs = 0;
    if (container) {
      container.agent.onRun = async (run) => {
        ({ timeoutMs } = run);
        await run.write('partial');
        await new Promise((resolve) => run.signal.addEventListener('abort', resolve));
        return {};
      };
    }
    const answer = (await execute({ sandbox_id: sandbox, code: 'while True: pass', timeout: 1 })).json();
    expect(answer).toMatchObject({ exit_code: 124, timed_out: true, stdout: 'partial' });
    expect(timeoutMs).toBeLessThanOrEqual(550);
    expect(timeoutMs).toBeGreaterThan(0);
  });
});

describe('Prometheus, as the guide of Cloud Sandbox names it', () => {
  beforeEach(() => start());

  it('reads how many sessions there are and were, with the key or its Basic form', async () => {
    const id = await makeSession();
    await act(await makeSession(), 'pause');
    fake.clock.nowMs += 1000;
    await user.call('DELETE', `/api/v1/sessions/${id}`);
    const text = (
      await fake.inject({ method: 'GET', url: '/metrics', headers: { authorization: `Bearer ${API_KEY}` } })
    ).body;
    for (const line of [
      'sessions_total 1',
      'sessions_active 0',
      'sessions_paused 1',
      'sessions_created_total 2',
      'sessions_deleted_total 1',
      'session_duration_seconds_count 1',
    ]) {
      expect(text).toContain(`\n${line}\n`);
    }
  });
});

describe('the OpenAPI document of Cloud', () => {
  it('has its routes alone, beside that of the native API', async () => {
    await start();
    const document = (await fake.inject({ url: '/docs/cloud.json' })).json();
    expect(document.info.title).toBe('Cloud Sandbox API');
    expect(Object.keys(document.paths).every((path) => path.startsWith('/api/v1/'))).toBe(true);
    expect(Object.keys(document.paths)).toHaveLength(15);
    expect(Object.keys(document.components.schemas).every((name) => name.startsWith('Cloud'))).toBe(true);
    const native = (await fake.inject({ url: '/docs/json' })).json();
    expect(JSON.stringify(native)).not.toContain('Cloud');
    expect((await fake.inject({ url: '/docs/static/swagger-initializer.js' })).body).toContain('/docs/cloud.json');
  });
});
