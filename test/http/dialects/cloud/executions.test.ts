import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cloudApp } from '../../../support/cloud-app.ts';
import { API_KEY, speakingOnly } from '../../../support/fake-app.ts';

const cloud = cloudApp(speakingOnly('cloud', 'metrics'));
const { start, acquire, makeSession, act, execute } = cloud;

afterEach(() => cloud.fake.close());

describe('execute of a Cloud client', () => {
  beforeEach(() => start());

  it('runs Python where nothing names a language, in /workspace, with the variables of the call', async () => {
    const sandbox = await acquire();
    const [container] = [...cloud.fake.engine.sandboxes.values()];
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
    const [container] = [...cloud.fake.engine.sandboxes.values()];
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

describe('the SDK of a Cloud client', () => {
  beforeEach(() => start());

  it('has 502 with its code for its typed error while the engine does not answer, and works when it does again', async () => {
    const used = await acquire();
    cloud.fake.engine.down = true;
    for (const answer of [
      await cloud.user.call('POST', '/api/v1/sandbox/acquire'),
      await execute({ sandbox_id: used, code: '1' }),
      await cloud.user.call('GET', `/api/v1/files?sandbox_id=${used}`),
    ]) {
      expect([answer.statusCode, answer.json()]).toEqual([
        502,
        { error: 'service_unavailable', message: expect.stringMatching(/^[A-Z].*[.]$/) },
      ]);
    }
    expect((await cloud.user.call('GET', '/api/v1/sessions')).statusCode).toBe(200);
    cloud.fake.engine.down = false;
    expect((await execute({ sandbox_id: used, code: '1' })).statusCode).toBe(200);
    await acquire();
  });
});

describe('Prometheus, as the guide of Cloud Sandbox names it', () => {
  beforeEach(() => start());

  it('reads how many sessions there are and were, with the key or its Basic form', async () => {
    const id = await makeSession();
    await act(await makeSession(), 'pause');
    cloud.fake.clock.nowMs += 1000;
    await cloud.user.call('DELETE', `/api/v1/sessions/${id}`);
    const text = (
      await cloud.fake.inject({ method: 'GET', url: '/metrics', headers: { authorization: `Bearer ${API_KEY}` } })
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
