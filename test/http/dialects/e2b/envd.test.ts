import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asUser, type EnvdApp, envelope, startEnvdApp } from '../../../support/envd-app.ts';

let app: EnvdApp;

const start = async () => {
  app = await startEnvdApp();
};

const close = () => app.fake.close();

describe('methods of envd', () => {
  beforeEach(start);
  afterEach(close);

  it('need the token of the sandbox, streams too', async () => {
    for (const token of ['', 'wrong']) {
      const answer = await app.envd('POST', '/filesystem.Filesystem/Stat', { path: '/' }, { 'x-access-token': token });
      expect([answer.statusCode, answer.json().code]).toEqual([401, 401]);
      const start = await app.envd('POST', '/process.Process/Start', envelope({}), {
        'content-type': 'application/connect+json',
        'x-access-token': token,
      });
      expect([start.statusCode, start.json().code]).toEqual([401, 401]);
    }
  });

  it('name the field that is wrong', async () => {
    const wrong = await app.envd('POST', '/process.Process/SendInput', {
      process: { pid: 1 },
      input: { stdin: 'no base64!' },
    });
    expect([wrong.statusCode, wrong.json()]).toEqual([
      400,
      { code: 'invalid_argument', message: 'input.stdin: must be base64' },
    ]);
    const path = await app.envd('POST', '/filesystem.Filesystem/Stat', { path: '~root/x' });
    expect([path.statusCode, path.json().code]).toEqual([400, 'invalid_argument']);
  });

  it('tell what is not there, and users that there are not', async () => {
    const absent = await app.envd('POST', '/filesystem.Filesystem/Remove', { path: 'absent' });
    expect([absent.statusCode, absent.json()]).toEqual([200, {}]);
    const process = await app.envd('POST', '/process.Process/SendSignal', {
      process: { pid: 7 },
      signal: 'SIGNAL_SIGKILL',
    });
    expect([process.statusCode, process.json()]).toEqual([
      404,
      { code: 'not_found', message: 'process with pid 7 not found' },
    ]);
    const user = await app.envd('POST', '/process.Process/List', {}, asUser('bob'));
    expect([user.statusCode, user.json()]).toEqual([
      401,
      { code: 'unauthenticated', message: "invalid username: 'bob'" },
    ]);
    expect((await app.envd('POST', '/process.Process/List', {}, asUser('root'))).json()).toEqual({ processes: [] });
  });

  it('answer input as a stream, which is not served, at the end of a stream', async () => {
    const { status, messages } = await app.stream(
      '/process.Process/StreamInput',
      Buffer.concat([envelope({}), envelope({})]),
    );
    expect([status, messages]).toEqual([
      200,
      [{ flags: 2, body: { error: { code: 'unimplemented', message: expect.stringContaining('SendInput') } } }],
    ]);
  });

  it('answer other media types, other coding and other methods in JSON', async () => {
    for (const message of ['x', '']) {
      const proto = await app.envd('POST', '/process.Process/List', message, { 'content-type': 'application/proto' });
      expect([message, proto.statusCode, typeof proto.json().message]).toEqual([message, 415, 'string']);
    }
    const plain = await app.envd('POST', '/process.Process/Start', { process: { cmd: 'x' } });
    expect([plain.statusCode, typeof plain.json().message]).toEqual([415, 'string']);
    const zipped = await app.envd('POST', '/process.Process/List', {}, { 'connect-content-encoding': 'gzip' });
    expect([zipped.statusCode, zipped.json().code]).toEqual([501, 'unimplemented']);
    expect((await app.envd('POST', '/process.Process/Nothing', {})).statusCode).toBe(404);
    expect((await app.envd('POST', '/init', {})).statusCode).toBe(404);
    const read = await app.envd('GET', '/process.Process/List');
    expect([read.statusCode, read.headers.allow, read.json().code]).toEqual([405, 'POST, OPTIONS', 405]);
  });
});

describe('streams of envd', () => {
  beforeEach(start);
  afterEach(close);

  it('leave to a shell what it does not find', async () => {
    const process = { cmd: '/bin/bash', args: ['-l', '-c', 'not-there'] };
    const { messages } = await app.stream('/process.Process/Start', envelope({ process }));
    expect(messages.at(-2)?.body).toMatchObject({ event: { end: { exitCode: 127, exited: true } } });
  });

  it('have deadlines of any milliseconds', async () => {
    const { messages } = await app.stream('/process.Process/Start', envelope({ process: { cmd: '/bin/true' } }), {
      'connect-timeout-ms': '16100',
    });
    expect(messages.at(-2)?.body).toMatchObject({ event: { end: { exitCode: 0, exited: true } } });
  });

  it('end with an error for a deadline that is none, and for a process that is not there', async () => {
    const late = await app.stream('/process.Process/Start', envelope({ process: { cmd: 'x' } }), {
      'connect-timeout-ms': 'soon',
    });
    expect(late.messages).toEqual([
      { flags: 2, body: { error: { code: 'invalid_argument', message: expect.any(String) } } },
    ]);
    const absent = await app.stream('/process.Process/Connect', envelope({ process: { tag: 'x' } }));
    expect(absent.messages).toEqual([
      { flags: 2, body: { error: { code: 'not_found', message: 'process with tag x not found' } } },
    ]);
  });

  it('are bounded in what begins them', async () => {
    const huge = await app.envd('POST', '/process.Process/Start', Buffer.alloc(2 ** 21 + 1), {
      'content-type': 'application/connect+json',
    });
    expect([huge.statusCode, huge.json().code]).toEqual([413, 'invalid_argument']);
  });
});

describe('figures of envd', () => {
  beforeEach(start);
  afterEach(close);

  it('tell its variables, and what it takes', async () => {
    const envs = await app.envd('GET', '/envs');
    expect([envs.json(), envs.headers['cache-control']]).toEqual([{ A: 'b' }, 'no-store']);
    expect((await app.envd('GET', '/metrics')).json()).toMatchObject({
      cpu_count: expect.any(Number),
      mem_total: 536_870_912,
      mem_used: 10_000_000,
      mem_cache: 2_000_000,
    });
  });
});

describe('requests to envd that are refused', () => {
  beforeAll(start);
  afterAll(close);

  it.each([
    ['no selector', '/process.Process/SendSignal', { signal: 9 }, 501, 'unimplemented'],
    [
      'another signal',
      '/process.Process/SendSignal',
      { process: { pid: 1 }, signal: 'SIGNAL_UNSPECIFIED' },
      501,
      'unimplemented',
    ],
    ['input as a stream', '/process.Process/StreamInput', {}, 501, 'unimplemented'],
  ])('answer %s by its code', async (_what, url, body, status, code) => {
    const answer = await app.envd('POST', url, body);
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
  });

  it.each([
    ['/filesystem.Filesystem/ListDir', { path: '', depth: -1 }, 'depth: must be 0 or more'],
    ['/filesystem.Filesystem/Stat', { path: 7 }, 'path: must be a text'],
    ['/process.Process/SendInput', { process: { pid: -1 } }, 'process.pid: must be 0 or more'],
    ['/process.Process/List', [], 'The message must be a JSON object.'],
  ])('say in words what is wrong: %s of %j', async (url, body, message) => {
    const answer = await app.envd('POST', url, body);
    expect([answer.statusCode, answer.json()]).toEqual([400, { code: 'invalid_argument', message }]);
  });

  it.each([
    [{ cmd: '/not-there' }, 'The command could not be started: There is no such file or folder: /not-there.'],
    [
      { cmd: 'not-there', args: ['a'] },
      'The command could not be started: There is no such file or folder: not-there.',
    ],
    [{ cmd: '/etc/passwd' }, 'The command could not be started: Permission denied: /etc/passwd.'],
    [{ cmd: '/bin/true', cwd: '/not-there' }, "cwd '/not-there' does not exist"],
  ])('start nothing that cannot be run: %j', async (process, message) => {
    for (const pty of [{}, { pty: { size: { cols: 80, rows: 24 } } }]) {
      const { status, messages } = await app.stream('/process.Process/Start', envelope({ process, ...pty }));
      expect([status, messages]).toEqual([200, [{ flags: 2, body: { error: { code: 'invalid_argument', message } } }]]);
    }
  });

  it.each([
    ['no message', Buffer.alloc(0)],
    ['half a message', envelope({ process: {} }).subarray(0, 9)],
    ['a length that lies', Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 0x7b])],
    ['two messages', Buffer.concat([envelope({}), envelope({})])],
    ['what is no JSON', Buffer.from([0, 0, 0, 0, 1, 0x7b])],
    ['no command', envelope({ process: {} })],
    ['a terminal of no size', envelope({ process: { cmd: 'x' }, pty: { size: { cols: 0, rows: 1 } } })],
  ])('end with an error for %s', async (_what, body) => {
    const { status, messages } = await app.stream('/process.Process/Start', body);
    expect([status, messages.length, messages[0]?.flags]).toEqual([200, 1, 2]);
    expect(messages[0]?.body).toMatchObject({ error: { code: 'invalid_argument', message: expect.any(String) } });
  });
});
