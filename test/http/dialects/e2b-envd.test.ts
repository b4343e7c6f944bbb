import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashKey } from '../../../src/auth/api-keys.ts';
import { type FakeApp, speaking } from '../../support/fake-app.ts';
import { startLocalApp } from '../../support/local-app.ts';

const KEY = 'e2b_0123456789abcdef';

let fake: FakeApp;
let sandbox: { readonly id: string; readonly token: string };

beforeEach(async () => {
  fake = await startLocalApp(
    { SANDBOX_API_KEYS: `one:sha256:${hashKey(KEY).toString('hex')}` },
    speaking('e2b', 'e2b-envd', 'e2b-interpreter', 'e2b-port'),
  );
  const made = await fake.inject({
    method: 'POST',
    url: '/sandboxes',
    headers: { 'x-api-key': KEY },
    payload: { templateID: 'base', timeout: 60, secure: true, envVars: { A: 'b' } },
  });
  sandbox = { id: made.json().sandboxID, token: made.json().envdAccessToken };
});

afterEach(() => fake.close());

type Headers = Readonly<Record<string, string>>;

function headersFor(port: number, more: Headers): Headers {
  return {
    'e2b-sandbox-id': sandbox.id,
    'e2b-sandbox-port': String(port),
    'x-access-token': sandbox.token,
    ...more,
  };
}

async function envd(method: 'GET' | 'POST', url: string, payload?: string | Buffer | object, more: Headers = {}) {
  const headers = headersFor(49_983, more);
  return await fake.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
}

/** Calls a method whose answers are a stream; the messages, of which the last one ends it. */
async function stream(method: string, payload: Buffer, more: Headers = {}) {
  const answer = await envd('POST', method, payload, { 'content-type': 'application/connect+json', ...more });
  const messages: { readonly flags: number; readonly body: unknown }[] = [];
  for (let at = 0; at < answer.rawPayload.length; ) {
    const length = answer.rawPayload.readUInt32BE(at + 1);
    const body = answer.rawPayload.subarray(at + 5, at + 5 + length).toString();
    messages.push({ flags: answer.rawPayload.readUInt8(at), body: JSON.parse(body) });
    at += 5 + length;
  }
  return { status: answer.statusCode, messages };
}

function envelope(message: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}

const basic = (user: string) => ({ authorization: `Basic ${Buffer.from(`${user}:`).toString('base64')}` });

describe('methods of envd', () => {
  it('need the token of the sandbox, streams too', async () => {
    for (const token of ['', 'wrong']) {
      const answer = await envd('POST', '/filesystem.Filesystem/Stat', { path: '/' }, { 'x-access-token': token });
      expect([answer.statusCode, answer.json().code]).toEqual([401, 401]);
      const start = await envd('POST', '/process.Process/Start', envelope({}), {
        'content-type': 'application/connect+json',
        'x-access-token': token,
      });
      expect([start.statusCode, start.json().code]).toEqual([401, 401]);
    }
  });

  it('name the field that is wrong', async () => {
    const wrong = await envd('POST', '/process.Process/SendInput', {
      process: { pid: 1 },
      input: { stdin: 'no base64!' },
    });
    expect([wrong.statusCode, wrong.json()]).toEqual([
      400,
      { code: 'invalid_argument', message: 'input.stdin: must be base64' },
    ]);
    const path = await envd('POST', '/filesystem.Filesystem/Stat', { path: '~root/x' });
    expect([path.statusCode, path.json().code]).toEqual([400, 'invalid_argument']);
  });

  it('tell what is not there, and users that there are not', async () => {
    const absent = await envd('POST', '/filesystem.Filesystem/Remove', { path: 'absent' });
    expect([absent.statusCode, absent.json()]).toEqual([200, {}]);
    const process = await envd('POST', '/process.Process/SendSignal', {
      process: { pid: 7 },
      signal: 'SIGNAL_SIGKILL',
    });
    expect([process.statusCode, process.json()]).toEqual([
      404,
      { code: 'not_found', message: 'process with pid 7 not found' },
    ]);
    const user = await envd('POST', '/process.Process/List', {}, basic('bob'));
    expect([user.statusCode, user.json()]).toEqual([
      401,
      { code: 'unauthenticated', message: "invalid username: 'bob'" },
    ]);
    expect((await envd('POST', '/process.Process/List', {}, basic('root'))).json()).toEqual({ processes: [] });
  });

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
    const answer = await envd('POST', url, body);
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
  });

  it('answer input as a stream, which is not served, at the end of a stream', async () => {
    const { status, messages } = await stream(
      '/process.Process/StreamInput',
      Buffer.concat([envelope({}), envelope({})]),
    );
    expect([status, messages]).toEqual([
      200,
      [{ flags: 2, body: { error: { code: 'unimplemented', message: expect.stringContaining('SendInput') } } }],
    ]);
  });

  it.each([
    ['/filesystem.Filesystem/ListDir', { path: '', depth: -1 }, 'depth: must be 0 or more'],
    ['/filesystem.Filesystem/Stat', { path: 7 }, 'path: must be a text'],
    ['/process.Process/SendInput', { process: { pid: -1 } }, 'process.pid: must be 0 or more'],
    ['/process.Process/List', [], 'The message must be a JSON object.'],
  ])('say in words what is wrong: %s of %j', async (url, body, message) => {
    const answer = await envd('POST', url, body);
    expect([answer.statusCode, answer.json()]).toEqual([400, { code: 'invalid_argument', message }]);
  });

  it('answer other media types, other coding and other methods in JSON', async () => {
    const proto = await envd('POST', '/process.Process/List', 'x', { 'content-type': 'application/proto' });
    expect([proto.statusCode, typeof proto.json().message]).toEqual([415, 'string']);
    const plain = await envd('POST', '/process.Process/Start', { process: { cmd: 'x' } });
    expect([plain.statusCode, typeof plain.json().message]).toEqual([415, 'string']);
    const zipped = await envd('POST', '/process.Process/List', {}, { 'connect-content-encoding': 'gzip' });
    expect([zipped.statusCode, zipped.json().code]).toEqual([501, 'unimplemented']);
    expect((await envd('POST', '/process.Process/Nothing', {})).statusCode).toBe(404);
    expect((await envd('POST', '/init', {})).statusCode).toBe(404);
    const read = await envd('GET', '/process.Process/List');
    expect([read.statusCode, read.headers.allow, read.json().code]).toEqual([405, 'POST, OPTIONS', 405]);
  });
});

describe('streams of envd', () => {
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
      const { status, messages } = await stream('/process.Process/Start', envelope({ process, ...pty }));
      expect([status, messages]).toEqual([200, [{ flags: 2, body: { error: { code: 'invalid_argument', message } } }]]);
    }
  });

  it('leave to a shell what it does not find', async () => {
    const process = { cmd: '/bin/bash', args: ['-l', '-c', 'not-there'] };
    const { messages } = await stream('/process.Process/Start', envelope({ process }));
    expect(messages.at(-2)?.body).toMatchObject({ event: { end: { exitCode: 127, exited: true } } });
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
    const { status, messages } = await stream('/process.Process/Start', body);
    expect([status, messages.length, messages[0]?.flags]).toEqual([200, 1, 2]);
    expect(messages[0]?.body).toMatchObject({ error: { code: 'invalid_argument', message: expect.any(String) } });
  });

  it('end with an error for a deadline that is none, and for a process that is not there', async () => {
    const late = await stream('/process.Process/Start', envelope({ process: { cmd: 'x' } }), {
      'connect-timeout-ms': 'soon',
    });
    expect(late.messages).toEqual([
      { flags: 2, body: { error: { code: 'invalid_argument', message: expect.any(String) } } },
    ]);
    const absent = await stream('/process.Process/Connect', envelope({ process: { tag: 'x' } }));
    expect(absent.messages).toEqual([
      { flags: 2, body: { error: { code: 'not_found', message: 'process with tag x not found' } } },
    ]);
  });

  it('are bounded in what begins them', async () => {
    const huge = await envd('POST', '/process.Process/Start', Buffer.alloc(2 ** 21 + 1), {
      'content-type': 'application/connect+json',
    });
    expect([huge.statusCode, huge.json().code]).toEqual([413, 'invalid_argument']);
  });
});

describe('files of envd', () => {
  const bytes = { 'content-type': 'application/octet-stream' };

  it('are written and read, and say what they are', async () => {
    const written = await envd('POST', '/files?path=a/b.json', '{"x":1}', bytes);
    expect([written.statusCode, written.json()]).toEqual([
      200,
      [{ path: '/home/user/a/b.json', name: 'b.json', type: 'file' }],
    ]);
    const read = await envd('GET', '/files?path=/home/user/a/b.json');
    expect([read.statusCode, read.body, read.headers['content-type'], read.headers.vary]).toEqual([
      200,
      '{"x":1}',
      'application/json',
      expect.stringContaining('Accept-Encoding'),
    ]);
    expect(read.headers['content-disposition']).toMatch(/^inline; filename="b.json"/);
    const part = await envd('GET', '/files?path=a/b.json', undefined, {
      range: 'bytes=1-3',
      'accept-encoding': 'gzip',
    });
    expect([part.statusCode, part.body, part.headers['content-encoding']]).toEqual([206, '"x"', undefined]);
    const same = await envd('GET', '/files?path=a/b.json', undefined, { 'if-none-match': String(read.headers.etag) });
    expect(same.statusCode).toBe(304);
  });

  it('of a form keep the folders of their names', async () => {
    const boundary = 'xyz';
    const part = (name: string, file: string, text: string) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${file}"\r\n\r\n${text}\r\n`;
    const form = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    const body = `${part('file', '/tmp/d/one.txt', '1')}${part('other', 'no.txt', '-')}${part('file', 'two.txt', '2')}--${boundary}--\r\n`;
    const written = await envd('POST', '/files', body, form);
    expect(written.json().map(({ path }: { path: string }) => path)).toEqual(['/tmp/d/one.txt', '/home/user/two.txt']);
    const twice = `${part('file', 'a', '1')}${part('file', '/home/user/a', '2')}--${boundary}--\r\n`;
    expect((await envd('POST', '/files', twice, form)).json().code).toBe(400);
    expect((await envd('POST', '/files', `--${boundary}--\r\n`, form)).statusCode).toBe(400);
  });

  it('of a form are files without a name of their own, however long, where the query has the path', async () => {
    const long = 'x'.repeat(100_000);
    const body = `--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n${long}\r\n--b--\r\n`;
    const form = { 'content-type': 'multipart/form-data; boundary=b' };
    expect((await envd('POST', '/files?path=plain.txt', body, form)).json()).toEqual([
      { name: 'plain.txt', path: '/home/user/plain.txt', type: 'file' },
    ]);
    expect((await envd('GET', '/files?path=plain.txt')).body).toBe(long);
    expect((await envd('POST', '/files', body, form)).json()).toMatchObject({
      code: 400,
      message: expect.stringContaining('must have a file name'),
    });
  });

  it.each([
    ['a file that is not there', 'GET', '/files?path=none', {}, 404, "path '/home/user/none' does not exist"],
    ['no path', 'POST', '/files', bytes, 400, 'must have the path'],
    ['a user that is not there', 'GET', '/files?path=x&username=bob', {}, 401, "invalid username: 'bob'"],
    ['another media type', 'POST', '/files?path=x', { 'content-type': 'application/json' }, 415, 'multipart/form-data'],
    ['another coding', 'POST', '/files?path=x', { ...bytes, 'content-encoding': 'br' }, 415, 'gzip'],
    ['what is no gzip', 'POST', '/files?path=x', { ...bytes, 'content-encoding': 'gzip' }, 400, 'gzip'],
    ['metadata that is no ASCII', 'POST', '/files?path=x', { ...bytes, 'x-metadata-': 'x' }, 400, 'metadata'],
  ] as const)('are refused for %s', async (_what, method, url, more, status, sentence) => {
    const answer = await envd(method, url, method === 'POST' ? 'text' : undefined, more);
    expect([answer.statusCode, answer.json()]).toEqual([
      status,
      { code: status, message: expect.stringContaining(sentence) },
    ]);
  });

  it('are not sent in a coding that nobody takes', async () => {
    await envd('POST', '/files?path=x', 'text', bytes);
    const answer = await envd('GET', '/files?path=x', undefined, { 'accept-encoding': 'identity;q=0' });
    expect([answer.statusCode, answer.json().code]).toEqual([406, 406]);
    const zipped = await envd('GET', '/files?path=x', undefined, { 'accept-encoding': 'gzip' });
    expect([zipped.headers['content-encoding'], zipped.headers['content-length']]).toEqual(['gzip', undefined]);
  });
});

describe('figures of envd', () => {
  it('tell its variables, and what it takes', async () => {
    const envs = await envd('GET', '/envs');
    expect([envs.json(), envs.headers['cache-control']]).toEqual([{ A: 'b' }, 'no-store']);
    expect((await envd('GET', '/metrics')).json()).toMatchObject({
      cpu_count: expect.any(Number),
      mem_total: 536_870_912,
    });
  });
});

describe('the interpreter', () => {
  const interpreter = async (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object, more: Headers = {}) => {
    const headers = headersFor(49_999, more);
    return await fake.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
  };

  it('needs the token to run code, and none for its contexts', async () => {
    const shut = await interpreter('POST', '/execute', { code: '1' }, { 'x-access-token': '' });
    expect([shut.statusCode, shut.headers['content-type']]).toEqual([401, 'text/plain; charset=utf-8']);
    expect(shut.body).toBe('access token present in header but does not match');
    const listed = await interpreter('GET', '/contexts', undefined, { 'x-access-token': '' });
    expect(listed.json()).toEqual([
      { id: 'language-python', language: 'python', cwd: '/home/user' },
      { id: 'language-javascript', language: 'javascript', cwd: '/home/user' },
    ]);
  });

  it.each([
    [
      'both ids',
      { code: '1', context_id: 'x', language: 'python' },
      400,
      'Only one of context_id or language can be provided',
    ],
    ['a context that is not there', { code: '1', context_id: 'x' }, 404, 'Context x not found'],
    [
      'a language that is not there',
      { code: '1', language: 'r' },
      500,
      'This server does not run r. It runs python, javascript, typescript, bash.',
    ],
  ])('answers %s as text', async (_what, body, status, sentence) => {
    const answer = await interpreter('POST', '/execute', body);
    expect([answer.statusCode, answer.body]).toEqual([status, sentence]);
  });

  it('tells of contexts that are not there', async () => {
    expect((await interpreter('DELETE', '/contexts/x')).body).toBe('Context x not found');
    expect((await interpreter('POST', '/contexts/x/restart')).statusCode).toBe(404);
    const untouched = await interpreter('POST', '/contexts/language-python/restart');
    expect([untouched.statusCode, untouched.body]).toEqual([200, 'null']);
    expect((await interpreter('POST', '/contexts', { language: 'cobol' })).statusCode).toBe(500);
    expect((await interpreter('POST', '/execute', {})).statusCode).toBe(400);
  });
});
