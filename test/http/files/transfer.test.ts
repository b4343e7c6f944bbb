import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp } from '../../support/fake-app.ts';
import { startLocalApp } from '../../support/local-app.ts';

const RAW = '/sandbox/u/raw?path=file.bin';
const KEY = { 'x-api-key': API_KEY };

let fake: FakeApp;

beforeAll(async () => {
  fake = await startLocalApp({ SANDBOX_BODY_LIMIT: '1m' });
});

afterAll(() => fake.close());

const put = (payload: Buffer | string, headers: Readonly<Record<string, string>> = {}, url = RAW) =>
  fake.inject({ method: 'PUT', url, payload, headers: { ...KEY, ...headers } });
const get = (headers: Readonly<Record<string, string>> = {}, url = RAW, method: 'GET' | 'HEAD' = 'GET') =>
  fake.inject({ method, url, headers: { ...KEY, ...headers } });

describe('an upload', () => {
  it('needs the key', async () => {
    expect((await fake.inject({ method: 'PUT', url: RAW, payload: 'x' })).json()).toEqual({ error: 'Invalid API key' });
  });

  it('may be larger than any JSON body', async () => {
    const url = '/sandbox/large/raw?path=file.bin';
    const response = await put(Buffer.alloc(3 * 2 ** 20, 'x'), {}, url);
    expect([response.statusCode, response.json()]).toEqual([201, { path: 'file.bin', size: 3 * 2 ** 20 }]);
    expect((await put('small', {}, url)).statusCode).toBe(200);
  });

  it.each(['application/json', 'multipart/form-data', 'nonsense', 'text/plain; charset="'])(
    'of content type %s is taken as bytes',
    async (type) => {
      expect((await put('{', { 'content-type': type })).json()).toEqual({ path: 'file.bin', size: 1 });
      expect((await get()).body).toBe('{');
    },
  );

  it('leaves the limit and the JSON of other routes as they are', async () => {
    const headers = { ...KEY, 'content-type': 'application/json' };
    const large = JSON.stringify({ path: 'x', content: 'x'.repeat(2 ** 21) });
    const url = '/sandbox/u/file';
    expect((await fake.inject({ method: 'POST', url, payload: large, headers })).statusCode).toBe(413);
    const text = { ...KEY, 'content-type': 'text/plain' };
    expect((await fake.inject({ method: 'POST', url, payload: 'x', headers: text })).statusCode).toBe(415);
  });

  it.each([
    ['no path', '/sandbox/u/raw', {}],
    ['a NUL in its path', '/sandbox/u/raw?path=%00', {}],
    ['a folder as its path', '/sandbox/u/raw?path=/tmp', {}],
    ['a condition that means nothing', RAW, { 'if-none-match': '"x"' }],
    ['an archive format that nobody knows', '/sandbox/u/archive?path=x&format=rar', {}],
  ])('with %s is a 422 with a sentence', async (_what, url, headers) => {
    const response = await put('x', headers, url);
    expect([response.statusCode, response.json().error]).toEqual([422, expect.stringMatching(/\w+ \w+/)]);
  });

  it('whose condition does not hold is a 412 with a sentence', async () => {
    await put('x');
    const response = await put('y', { 'if-none-match': '*' });
    expect([response.statusCode, response.json()]).toEqual([412, { error: expect.stringMatching(/\.$/) }]);
    expect((await put('y', { 'if-match': '*', 'if-none-match': '*' })).statusCode).toBe(412);
    const { etag } = (await get()).headers;
    expect((await put('y', { 'if-match': `W/${etag}` })).statusCode).toBe(412);
    expect((await put('y', { 'if-match': String(etag) })).statusCode).toBe(200);
  });
});

describe('an upload that is meant for one version', () => {
  const PAST = 'Mon, 01 Jan 2001 00:00:00 GMT';
  const FUTURE = 'Fri, 01 Jan 2100 00:00:00 GMT';

  it('by its time takes the place of no later one', async () => {
    await put('first');
    expect((await put('second', { 'if-unmodified-since': PAST })).statusCode).toBe(412);
    expect((await put('second', { 'if-unmodified-since': FUTURE })).statusCode).toBe(200);
    expect((await put('third', { 'if-unmodified-since': 'long ago' })).statusCode).toBe(200);
    expect((await get()).body).toBe('third');
  });

  it('by its time is written where there is no file', async () => {
    const url = '/sandbox/u/raw?path=new-by-time.bin';
    expect((await put('x', { 'if-unmodified-since': PAST }, url)).statusCode).toBe(201);
  });

  it('is not looked at by its time where it is named by its ETag', async () => {
    await put('x');
    const { etag } = (await get()).headers;
    expect((await put('y', { 'if-unmodified-since': PAST, 'if-match': String(etag) })).statusCode).toBe(200);
  });
});

it.each([RAW, '/sandbox/u/archive?path=in'])(
  'a part that is uploaded to %s does not take the place of the whole',
  async (url) => {
    await put('0123456789');
    const response = await put('x', { 'content-range': 'bytes 0-0/10' }, url);
    expect([response.statusCode, response.json().detail[0].loc]).toEqual([422, ['header', 'content-range']]);
    expect((await get()).body).toBe('0123456789');
  },
);

describe('a download', () => {
  it('of a version that is not there is a 412 with a sentence, or none for HEAD', async () => {
    await put('x');
    const response = await get({ 'if-match': '"other"' });
    expect([response.statusCode, response.json().error]).toEqual([412, expect.stringMatching(/\.$/)]);
    expect(response.headers['content-type']).toContain('application/json');
    const head = await get({ 'if-match': '"other"' }, RAW, 'HEAD');
    expect([head.statusCode, head.body]).toEqual([412, '']);
  });

  it('has its length, name and version; HEAD has them too', async () => {
    await put('0123456789');
    const whole = await get();
    expect([whole.statusCode, whole.body]).toEqual([200, '0123456789']);
    expect(whole.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '10',
      'content-disposition': `attachment; filename="file.bin"; filename*=UTF-8''file.bin`,
      'accept-ranges': 'bytes',
    });
    const head = await get({ range: 'bytes=0-1' }, RAW, 'HEAD');
    expect([head.statusCode, head.body, head.headers['content-length'], head.headers.etag]).toEqual([
      200,
      '',
      '10',
      whole.headers.etag,
    ]);
  });

  it('of a range, of nothing new and of nothing that is there', async () => {
    await put('0123456789');
    const part = await get({ range: 'bytes=2-4' });
    expect([part.statusCode, part.body, part.headers['content-range']]).toEqual([206, '234', 'bytes 2-4/10']);
    const same = await get({ 'if-none-match': String(part.headers.etag) });
    expect([same.statusCode, same.body, same.headers['content-length']]).toEqual([304, '', undefined]);
    const beyond = await get({ range: 'bytes=10-' });
    expect([beyond.statusCode, beyond.headers['content-range']]).toEqual([416, 'bytes */10']);
    expect(beyond.json()).toEqual({ error: expect.stringMatching(/\.$/) });
    expect(beyond.headers['content-type']).toContain('application/json');
  });

  it.each([
    ['/sandbox/u/raw?path=absent', 404],
    ['/sandbox/u/raw?path=/tmp', 422],
    ['/sandbox/u/archive?path=absent', 404],
    ['/sandbox/u/archive?path=file.bin', 422],
  ])('of %s is a %i with a sentence and no file name', async (url, status) => {
    await put('x');
    const response = await get({}, url);
    expect([response.statusCode, response.json().error]).toEqual([status, expect.stringMatching(/\.$/)]);
    expect(response.headers['content-disposition']).toBeUndefined();
    if (status === 422) expect(response.json().detail).toMatchObject([{ loc: ['query', 'path'] }]);
  });

  it('whose sandbox is lost on the way breaks the connection', async () => {
    // More than the sockets on the way can hold.
    await put(Buffer.alloc(32 * 2 ** 20, 'x'));
    const url = await fake.app.listen({ host: '127.0.0.1', port: 0 });
    const request = httpRequest(`${url}${RAW}`, { headers: KEY }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const broken = once(response, 'error');
    for (const id of fake.engine.sandboxes.keys()) fake.engine.kill(id);
    response.resume();
    expect(await broken).toMatchObject([{ code: 'ECONNRESET' }]);
    expect(response.complete).toBe(false);
  });
});
