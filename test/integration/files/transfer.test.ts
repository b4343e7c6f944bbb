import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

const KEY = { 'x-api-key': 'key-for-these-tests' };
const BIG_BYTES = 64 * 2 ** 20;

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

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('a file that the kernel makes as it is read', () => {
  it('comes whole, without a size that nobody knows', async () => {
    const { body } = await server.call('GET', '/sandbox/t/file?path=/proc/version');
    expect(body.content).toMatch(/^Linux version/);
    const raw = await get('/proc/version', { range: 'bytes=0-3' });
    expect([raw.status, await raw.text()]).toEqual([200, body.content]);
    for (const header of ['content-length', 'accept-ranges', 'etag', 'last-modified'])
      expect(raw.headers.has(header)).toBe(false);
    const head = await get('/proc/version', {}, 'HEAD');
    expect([head.status, head.headers.has('content-length')]).toEqual([200, false]);
  });

  it('is not taken for one where it is empty', async () => {
    await put('empty', '');
    const raw = await get('empty');
    expect([raw.status, await raw.text(), raw.headers.get('content-length')]).toEqual([200, '', '0']);
    expect((await get('empty', { 'if-none-match': raw.headers.get('etag') ?? '' })).status).toBe(304);
  });
});

describe('a file that is uploaded', () => {
  it.each([
    ['quotes', 'it\'s "quoted".txt'],
    ['a newline', 'line\nbreak'],
    ['non-ASCII letters', 'Grüße 日本 🎉.txt'],
    ['a backslash and a percent sign', 'back\\slash 100%.txt'],
  ])('with %s in its name is downloaded under that name', async (_what, name) => {
    const uploaded = await put(`named/${name}`, 'content');
    expect([uploaded.status, await uploaded.json()]).toEqual([201, { path: `named/${name}`, size: 7 }]);
    const response = await get(`/workspace/named/${name}`);
    expect(await response.text()).toBe('content');
    const disposition = response.headers.get('content-disposition') ?? '';
    expect(disposition).toMatch(/^attachment; filename="[^"\\]*"; filename\*=UTF-8''[\w!#$&+.^`|~%-]+$/);
    expect(decodeURIComponent(disposition.split("''")[1] ?? '')).toBe(name);
  });

  it('of 64 MiB is the same in the sandbox, and comes back the same', async () => {
    const bytes = randomBytes(BIG_BYTES);
    const uploaded = await put('big.bin', bytes, { 'content-type': 'image/png' });
    expect([uploaded.status, await uploaded.json()]).toEqual([201, { path: 'big.bin', size: BIG_BYTES }]);
    const inside = "import hashlib; print(hashlib.sha256(open('/workspace/big.bin','rb').read()).hexdigest())";
    expect(await python(inside)).toBe(`${sha256(bytes)}\n`);
    const response = await get('big.bin');
    expect(response.headers.get('content-length')).toBe(String(BIG_BYTES));
    expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(bytes));
  });

  it('replaces another with 200, and keeps its mode', async () => {
    await python("import os; open('script.sh','w').close(); os.chmod('script.sh', 0o751)");
    expect((await put('script.sh', 'true')).status).toBe(200);
    expect(await python("import os; print(oct(os.stat('script.sh').st_mode & 0o777))")).toBe('0o751\n');
  });

  it('may come in chunks, without its length, and with any content type or none', async () => {
    for (const type of ['application/json', 'text/plain; charset=latin1', 'no type at all', undefined]) {
      const request = httpRequest(urlOf('raw', 'chunked'), {
        method: 'PUT',
        headers: { ...KEY, 'transfer-encoding': 'chunked', ...(type === undefined ? {} : { 'content-type': type }) },
      });
      request.end('{not json');
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      response.resume();
      expect(response.statusCode).toBeLessThan(300);
      expect(await (await get('chunked')).text()).toBe('{not json');
    }
  });

  it('may be empty', async () => {
    expect(await (await put('empty', '')).json()).toEqual({ path: 'empty', size: 0 });
    const response = await get('empty');
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '0']);
    expect(await response.text()).toBe('');
    expect((await get('empty', { range: 'bytes=0-' })).status).toBe(416);
  });

  it('that breaks off leaves the old file and nothing else', async () => {
    await python("import os; os.makedirs('broken'); open('broken/file','w').write('old')");
    const free = async () => Number(await python("import os; s = os.statvfs('.'); print(s.f_bfree * s.f_bsize)"));
    const freeBefore = await free();
    const request = httpRequest(urlOf('raw', 'broken/file'), {
      method: 'PUT',
      headers: { ...KEY, 'content-length': String(BIG_BYTES) },
    });
    request.on('error', () => undefined);
    request.write(randomBytes(2 ** 20));
    await expect.poll(free, { timeout: 20_000 }).toBeLessThan(freeBefore - 2 ** 19);
    request.destroy();
    await expect.poll(free, { timeout: 20_000 }).toBeGreaterThan(freeBefore - 2 ** 19);
    expect(await python("import os; print(os.listdir('broken'), open('broken/file').read())")).toBe("['file'] old\n");
  });

  it('that fills the disk is a 507 with a sentence, and leaves the old file and nothing else', async () => {
    await put('/tmp/file', 'old');
    for (const size of [2 ** 21, BIG_BYTES]) {
      const response = await put('/tmp/file', Buffer.alloc(size));
      expect(response.status).toBe(507);
      expect(await errorOf(response)).toMatch(/no space left.*\.$/);
      expect(await python("import os; print(os.listdir('/tmp'), open('/tmp/file').read())")).toBe("['file'] old\n");
    }
    expect((await put('/tmp/file', 'new')).status).toBe(200);
  });

  it('is refused where a folder is, or a file is in the way', async () => {
    await python("import os; os.makedirs('folder'); open('plain','w').close(); os.mkfifo('fifo')");
    for (const path of ['folder', 'plain/below', 'fifo', '/etc/file']) {
      const response = await put(path, 'x');
      expect([path, response.status]).toEqual([path, 422]);
      expect(await errorOf(response)).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('is written only where the conditions hold', async () => {
    await python("import os; os.path.exists('guarded') and os.unlink('guarded')");
    expect((await put('guarded', '1', { 'if-match': '*' })).status).toBe(412);
    expect((await put('guarded', '1', { 'if-none-match': '*' })).status).toBe(201);
    expect((await put('guarded', '2', { 'if-none-match': '*' })).status).toBe(412);
    const etag = (await get('guarded', {}, 'HEAD')).headers.get('etag') ?? '';
    expect((await put('guarded', '3', { 'if-match': `"other", ${etag}` })).status).toBe(200);
    const late = await put('guarded', '4', { 'if-match': etag });
    expect([late.status, await errorOf(late)]).toEqual([412, expect.stringMatching(/^[A-Z].*\.$/)]);
    expect(await (await get('guarded')).text()).toBe('3');
  });
});

it('a stream of a size that nobody knows is taken as it comes', async () => {
  const chunk = Buffer.alloc(65_536, 7);
  const body = Readable.toWeb(Readable.from(Array.from({ length: 64 }, () => chunk)));
  const init = { method: 'PUT', headers: KEY, body, duplex: 'half' } as RequestInit;
  const response = await fetch(urlOf('raw', 'unknown'), init);
  expect(await response.json()).toEqual({ path: 'unknown', size: 64 * 65_536 });
});
