import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EnvdApp, type RequestHeaders, startEnvdApp } from '../../../support/envd-app.ts';

let app: EnvdApp;

beforeEach(async () => {
  app = await startEnvdApp();
});

afterEach(() => app.fake.close());

describe('files of envd', () => {
  const bytes = { 'content-type': 'application/octet-stream' };

  it('are written and read, and say what they are', async () => {
    const written = await app.envd('POST', '/files?path=a/b.json', '{"x":1}', bytes);
    expect([written.statusCode, written.json()]).toEqual([
      200,
      [{ path: '/home/user/a/b.json', name: 'b.json', type: 'file' }],
    ]);
    const read = await app.envd('GET', '/files?path=/home/user/a/b.json');
    expect([read.statusCode, read.body, read.headers['content-type'], read.headers.vary]).toEqual([
      200,
      '{"x":1}',
      'application/json',
      expect.stringContaining('Accept-Encoding'),
    ]);
    expect(read.headers['content-disposition']).toMatch(/^inline; filename="b.json"/);
    const part = await app.envd('GET', '/files?path=a/b.json', undefined, {
      range: 'bytes=1-3',
      'accept-encoding': 'gzip',
    });
    expect([part.statusCode, part.body, part.headers['content-encoding']]).toEqual([206, '"x"', undefined]);
    const same = await app.envd('GET', '/files?path=a/b.json', undefined, {
      'if-none-match': String(read.headers.etag),
    });
    expect(same.statusCode).toBe(304);
  });

  it('of a form keep the folders of their names', async () => {
    const boundary = 'xyz';
    const part = (name: string, file: string, text: string) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${file}"\r\n\r\n${text}\r\n`;
    const form = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    const body = `${part('file', '/tmp/d/one.txt', '1')}${part('other', 'no.txt', '-')}${part('file', 'two.txt', '2')}--${boundary}--\r\n`;
    const written = await app.envd('POST', '/files', body, form);
    expect(written.json().map(({ path }: { path: string }) => path)).toEqual(['/tmp/d/one.txt', '/home/user/two.txt']);
    const twice = `${part('file', 'a', '1')}${part('file', '/home/user/a', '2')}--${boundary}--\r\n`;
    expect((await app.envd('POST', '/files', twice, form)).json().code).toBe(400);
    expect((await app.envd('POST', '/files', `--${boundary}--\r\n`, form)).statusCode).toBe(400);
  });

  it('of a form are files without a name of their own, however long, where the query has the path', async () => {
    const long = 'x'.repeat(100_000);
    const body = `--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n${long}\r\n--b--\r\n`;
    const form = { 'content-type': 'multipart/form-data; boundary=b' };
    expect((await app.envd('POST', '/files?path=plain.txt', body, form)).json()).toEqual([
      { name: 'plain.txt', path: '/home/user/plain.txt', type: 'file' },
    ]);
    expect((await app.envd('GET', '/files?path=plain.txt')).body).toBe(long);
    expect((await app.envd('POST', '/files', body, form)).json()).toMatchObject({
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
    const answer = await app.envd(method, url, method === 'POST' ? 'text' : undefined, more);
    expect([answer.statusCode, answer.json()]).toEqual([
      status,
      { code: status, message: expect.stringContaining(sentence) },
    ]);
  });

  it('are not sent in a coding that nobody takes', async () => {
    await app.envd('POST', '/files?path=x', 'text', bytes);
    const answer = await app.envd('GET', '/files?path=x', undefined, { 'accept-encoding': 'identity;q=0' });
    expect([answer.statusCode, answer.json().code]).toEqual([406, 406]);
    const zipped = await app.envd('GET', '/files?path=x', undefined, { 'accept-encoding': 'gzip' });
    expect([zipped.headers['content-encoding'], zipped.headers['content-length']]).toEqual(['gzip', undefined]);
  });
});

describe('the interpreter', () => {
  const interpreter = async (
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    payload?: object,
    more: RequestHeaders = {},
  ) => {
    const headers = app.headersFor(49_999, more);
    return await app.fake.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
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
