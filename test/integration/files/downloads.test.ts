import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

const KEY = { 'x-api-key': 'key-for-these-tests' };

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_TMP_SIZE: '1m' });
});

afterAll(() => server.close());

const urlOf = (kind: 'raw' | 'archive', path: string, format?: string) =>
  `${server.url}/sandbox/t/${kind}?path=${encodeURIComponent(path)}${format ? `&format=${format}` : ''}`;

const get = (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
  fetch(urlOf('raw', path), { method, headers: { ...KEY, ...headers } });

const put = (path: string, body: Uint8Array | string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(urlOf('raw', path), { method: 'PUT', headers: { ...KEY, ...headers }, body: Buffer.from(body) });

const python = async (code: string): Promise<string> => {
  const { body } = await server.execute('t', code);
  expect(body).toMatchObject({ success: true });
  return body.output;
};

const errorOf = async (response: Response): Promise<string> => ((await response.json()) as { error: string }).error;

describe('a file that is downloaded', () => {
  it('has the headers that clients resume and cache by', async () => {
    await put('ten', '0123456789');
    const response = await get('ten');
    const etag = response.headers.get('etag') ?? '';
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '10',
      'accept-ranges': 'bytes',
      etag: expect.stringMatching(/^"10-\d+-\d+"$/),
      'last-modified': expect.stringMatching(/GMT$/),
    });
    expect(await response.text()).toBe('0123456789');
    const head = await get('ten', {}, 'HEAD');
    expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([200, '10', etag]);
    const cached = await get('ten', { 'if-none-match': `"x", W/${etag}` });
    expect([cached.status, await cached.text(), cached.headers.get('etag')]).toEqual([304, '', etag]);
    await put('ten', '9876543210');
    expect((await get('ten', { 'if-none-match': etag })).status).toBe(200);
  });

  it.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['bytes=3-2', 200, '0123456789', null],
    ['bytes=0-1,4-5', 200, '0123456789', null],
    ['lines=1-2', 200, '0123456789', null],
  ])('answers Range: %s with %i', async (range, status, text, contentRange) => {
    await put('ranged', '0123456789');
    const response = await get('ranged', { range });
    expect([response.status, await response.text(), response.headers.get('content-range')]).toEqual([
      status,
      text,
      contentRange,
    ]);
  });

  it('answers a range that is not there with 416 and the size', async () => {
    await put('ranged', '0123456789');
    for (const range of ['bytes=10-', 'bytes=-0']) {
      const response = await get('ranged', { range });
      expect([response.status, response.headers.get('content-range')]).toEqual([416, 'bytes */10']);
      expect(await errorOf(response)).toMatch(/\.$/);
    }
  });

  it('takes a range with If-Range only from the same version', async () => {
    await put('ranged', '0123456789');
    const etag = (await get('ranged')).headers.get('etag') ?? '';
    expect((await get('ranged', { range: 'bytes=0-0', 'if-range': etag })).status).toBe(206);
    expect((await get('ranged', { range: 'bytes=0-0', 'if-range': `W/${etag}` })).status).toBe(200);
    await put('ranged', '9876543210');
    expect(await (await get('ranged', { range: 'bytes=0-0', 'if-range': etag })).text()).toBe('9876543210');
  });

  it('is a 404 where it is missing, and a 422 where it is no file', async () => {
    await python("import os; os.makedirs('dir', exist_ok=True); os.path.exists('pipe') or os.mkfifo('pipe')");
    for (const [path, status] of [
      ['absent', 404],
      ['dir', 422],
      ['pipe', 422],
      ['/dev/zero', 422],
    ] as const) {
      const response = await get(path);
      expect([path, response.status]).toEqual([path, status]);
      expect(await errorOf(response)).toMatch(/^.*\.$/);
      expect((await get(path, {}, 'HEAD')).status).toBe(status);
    }
  });

  it('that shrinks while it is read breaks the connection', async () => {
    await python("open('shrinking','wb').truncate(64 << 20)");
    const response = await get('shrinking');
    await python("open('shrinking','r+b').truncate(1 << 20)");
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow();
  });

  it('slowly holds up nothing else, and is closed in the sandbox when its client goes', async () => {
    await python("open('slow','wb').truncate(64 << 20)");
    // Nobody gets this lease of a file that somebody has open.
    const lease = `
import fcntl, os
try:
    fcntl.fcntl(os.open('slow', os.O_RDWR), fcntl.F_SETLEASE, fcntl.F_WRLCK)
    print('closed')
except BlockingIOError:
    print('open')`;
    const request = httpRequest(urlOf('raw', 'slow'), { headers: KEY });
    request.on('error', () => undefined).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    // gVisor has no leases: there nothing tells from inside who has a file open.
    if (!IS_GVISOR) expect(await python(lease)).toBe('open\n');
    expect(await (await get('slow', { range: 'bytes=0-0' })).arrayBuffer()).toEqual(new ArrayBuffer(1));
    request.destroy();
    if (!IS_GVISOR) await expect.poll(() => python(lease), { timeout: 20_000 }).toBe('closed\n');
  });
});
