import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limitsOf } from '../../../support/engine-view.ts';
import { type Answer, type RealServer, startRealServer } from '../../../support/real-server.ts';

let server: RealServer;
let authorization: string;
let session: string;
let sandbox: string;
let container: string;

beforeAll(async () => {
  server = await startRealServer();
  const tokens = await server.call('POST', '/api/v1/auth/token', { user_id: 'my-user', role: 'user' });
  authorization = `Bearer ${tokens.body.access_token}`;
  session = (await call('POST', '/api/v1/sessions', { memory_mb: 600 })).body.id;
  const acquired = (await call('POST', '/api/v1/sandbox/acquire')).body;
  ({ sandbox_id: sandbox, container_id: container } = acquired);
});

afterAll(() => server.close());

async function call(method: string, path: string, body?: unknown): Promise<Answer> {
  const headers = { authorization, 'content-type': 'application/json' };
  const payload = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${server.url}${path}`, { method, headers, ...payload });
  return { status: response.status, body: await response.json(), headers: response.headers };
}

const execute = async (body: object, id = sandbox) =>
  (await call('POST', '/api/v1/execute', { sandbox_id: id, ...body })).body;

const run = (line: string, more: object = {}) => execute({ command: ['bash', '-c', line], ...more });

const files = (query: string) => call('GET', `/api/v1/files?sandbox_id=${sandbox}${query}`);

describe('execute of a Cloud client', () => {
  it('runs the code and the command of the guide', async () => {
    const code = await execute({ code: 'print("Hello!")', language: 'python', timeout: 30 });
    expect(code).toEqual({
      exit_code: 0,
      stdout: 'Hello!\n',
      stderr: '',
      duration_ms: expect.any(Number),
      timed_out: false,
    });
    expect(await execute({ command: ['ls', '-la', '/workspace'] })).toMatchObject({ exit_code: 0, stderr: '' });
  });

  it('has the exit code of what writes more than it may', async () => {
    const answer = await run('yes | head -c 3000000; exit 4');
    expect(answer).toMatchObject({ exit_code: 4, timed_out: false, truncated: true });
    expect(answer.stdout.length).toBeLessThan(1.1 * 2 ** 20);
  });

  it('runs each of its languages, and says which one the image lacks', async () => {
    expect(await execute({ code: 'console.log(1 + 1)', language: 'node' })).toMatchObject({
      exit_code: 0,
      stdout: '2\n',
    });
    expect(await execute({ code: 'echo $((40 + 2)); exit 3', language: 'sh' })).toMatchObject({
      exit_code: 3,
      stdout: '42\n',
    });
    for (const language of ['ruby', 'go']) {
      const { exit_code: exitCode, error } = await execute({ code: 'puts 1', language });
      expect([exitCode, error]).toEqual([-1, `This sandbox cannot run ${language}. Its image has no ${language}.`]);
    }
  });

  it('starts in /workspace or where it is asked to, with the variables of the call', async () => {
    expect(await run('pwd; echo "$A"', { env: { A: 'b' } })).toMatchObject({ stdout: '/workspace\nb\n' });
    expect(await run('pwd', { work_dir: '/tmp' })).toMatchObject({ stdout: '/tmp\n' });
  });

  it('kills what is over its time, with 124 and what was written', async () => {
    const answer = await execute({ code: 'import time\nprint("begun", flush=True)\ntime.sleep(60)', timeout: 3 });
    expect(answer).toMatchObject({ exit_code: 124, timed_out: true, stdout: 'begun\n' });
    expect(await run('pgrep -f "sleep[(]60" || echo none')).toMatchObject({ stdout: 'none\n' });
  });

  it('says -1 and why where there is no such program', async () => {
    for (const [command, more] of [
      [['nope'], {}],
      [['/no/such/program'], {}],
      [['/workspace'], {}],
      [['true'], { work_dir: '/no/such/folder' }],
    ] as const) {
      const { exit_code: exitCode, stdout, stderr, error } = await execute({ command, ...more });
      expect([exitCode, stdout, stderr]).toEqual([-1, '', '']);
      expect(error).toContain(more.work_dir ?? command[0]);
    }
    expect(await run('nope')).toMatchObject({ exit_code: 127, stderr: expect.stringContaining('nope') });
  });

  it('has the memory that its session asks for', async () => {
    expect(await limitsOf({ id: container })).toMatchObject({ memoryBytes: 600 * 2 ** 20 });
  });
});

describe('files of a Cloud client', () => {
  it('are written with their folders, listed with their times, read and removed', async () => {
    expect((await files('&path=/workspace/none')).status).toBe(404);
    const path = '/workspace/a/b/test.py';
    const put = await call('PUT', '/api/v1/files', { sandbox_id: sandbox, path, content: 'print("tést")' });
    expect(put.body).toEqual({ success: true });
    await run('touch -d 2020-01-02T03:04:05Z a/b/test.py; mkdir a/b/empty');
    expect((await files('&path=/workspace/a/b')).body.files).toEqual([
      {
        name: 'empty',
        path: '/workspace/a/b/empty',
        size: expect.any(Number),
        is_dir: true,
        mod_time: expect.any(String),
      },
      { name: 'test.py', path, size: 14, is_dir: false, mod_time: '2020-01-02T03:04:05.000000Z' },
    ]);
    expect((await files('&path=/workspace/a/b/empty')).body).toEqual({ files: [] });
    const url = `${server.url}/api/v1/files/content?sandbox_id=${sandbox}&path=a/b/test.py`;
    const read = await fetch(url, { headers: { authorization } });
    expect([read.status, await read.text()]).toEqual([200, 'print("tést")']);
    const removed = await call('DELETE', `/api/v1/files?sandbox_id=${sandbox}&path=/workspace/a`);
    expect(removed.body).toEqual({ success: true });
    expect((await files('&path=/workspace/a')).status).toBe(404);
    expect((await call('DELETE', `/api/v1/files?sandbox_id=${sandbox}&path=/workspace/a`)).body).toEqual({
      success: true,
    });
  });

  it('may be any bytes', async () => {
    const bytes = Buffer.from([0, 255, 10, 128]);
    const body = { sandbox_id: sandbox, path: 'raw.bin', content: bytes.toString('base64'), encoding: 'base64' };
    expect((await call('PUT', '/api/v1/files', body)).status).toBe(200);
    const url = `${server.url}/api/v1/files/content?sandbox_id=${sandbox}&path=/workspace/raw.bin`;
    const read = await fetch(url, { headers: { authorization } });
    expect(Buffer.from(await read.arrayBuffer())).toEqual(bytes);
    const part = await fetch(url, { headers: { authorization, range: 'bytes=9-' } });
    expect([part.status, await part.json()]).toEqual([416, { error: expect.any(String), message: expect.any(String) }]);
  });
});

describe('pause and resume of the Cloud SDK', () => {
  it('freeze all that runs, and let it go on where it was', async () => {
    await run('nohup sleep 600 >/dev/null 2>&1 & until pgrep -x sleep >/dev/null; do :; done; echo kept > kept.txt');
    const before = await run('cat /proc/$(pgrep -x sleep)/stat | cut -d" " -f1,22');
    await call('POST', `/api/v1/sessions/${session}/pause`);
    expect((await call('POST', '/api/v1/sandbox/release', { sandbox_id: sandbox })).body).toEqual({ success: true });
    expect((await call('POST', '/api/v1/execute', { sandbox_id: sandbox, code: '1' })).status).toBe(409);
    expect((await call('POST', `/api/v1/sessions/${session}/resume`)).body).toMatchObject({ status: 'active' });
    expect((await call('POST', '/api/v1/sandbox/acquire')).body.sandbox_id).toBe(sandbox);
    expect(await run('cat /proc/$(pgrep -x sleep)/stat | cut -d" " -f1,22')).toMatchObject({ stdout: before.stdout });
    expect(await run('cat kept.txt')).toMatchObject({ stdout: 'kept\n' });
  });
});

describe('a sandbox that a Cloud client released', () => {
  it('is gone with its files, and the next one has nothing of it', async () => {
    const first = (await call('POST', '/api/v1/sandbox/acquire')).body.sandbox_id;
    await execute({ command: ['bash', '-c', 'echo mine > /workspace/mine; nohup sleep 700 >/dev/null 2>&1 &'] }, first);
    await call('POST', '/api/v1/sandbox/release', { sandbox_id: first });
    expect((await call('GET', `/api/v1/files?sandbox_id=${first}`)).status).toBe(404);
    const next = (await call('POST', '/api/v1/sandbox/acquire')).body.sandbox_id;
    expect(next).not.toBe(first);
    const look = { command: ['bash', '-c', 'ls /workspace; pgrep -f "sleep 70[0]" || echo none'] };
    expect(await execute(look, next)).toMatchObject({ stdout: 'none\n' });
    await call('POST', '/api/v1/sandbox/release', { sandbox_id: next });
  });
});
