import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

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

describe.each(['tar', 'zip'] as const)('a folder as %s', (format) => {
  const upload = (path: string, body: Uint8Array) =>
    fetch(urlOf('archive', path, format), { method: 'PUT', headers: KEY, body: Buffer.from(body) });
  const download = (path: string) => fetch(urlOf('archive', path, format), { headers: KEY });
  const made = (code: string) =>
    python(`import io, os, tarfile, zipfile, base64\n${code}`).then((output) => Buffer.from(output, 'base64'));

  it('comes out and goes in with modes, links, empty folders and non-ASCII names', async () => {
    await python(`
import os, shutil
shutil.rmtree('tree', ignore_errors=True)
os.makedirs('tree/empty'); os.makedirs('tree/Grüße/日本')
open('tree/Grüße/日本/🎉.txt', 'w').write('party')
open('tree/run.sh', 'w').write('#!/bin/sh'); os.chmod('tree/run.sh', 0o755)
open('tree/large', 'wb').write(os.urandom(3_000_000))
os.symlink('run.sh', 'tree/link')`);
    const describeTree = (path: string) => `
import os, hashlib
for folder, folders, files in sorted(os.walk('${path}')):
    for name in sorted(folders + files):
        full = os.path.join(folder, name); status = os.lstat(full)
        print(os.path.relpath(full, '${path}'), oct(status.st_mode) if not os.path.islink(full) else os.readlink(full),
              hashlib.sha256(open(full, 'rb').read()).hexdigest() if os.path.isfile(full) else '')`;
    const response = await download('tree');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(format === 'tar' ? 'application/x-tar' : 'application/zip');
    expect(response.headers.get('content-disposition')).toContain(`filename="tree.${format}"`);
    const archive = new Uint8Array(await response.arrayBuffer());
    const head = await fetch(urlOf('archive', 'tree', format), { method: 'HEAD', headers: KEY });
    expect([head.status, (await head.arrayBuffer()).byteLength]).toEqual([200, 0]);
    for (const name of ['content-type', 'content-disposition'])
      expect(head.headers.get(name)).toBe(response.headers.get(name));

    await put('tree.archive', archive);
    const opened =
      format === 'tar'
        ? "import tarfile; print(sorted(m.name for m in tarfile.open('tree.archive').getmembers()))"
        : "import zipfile; z = zipfile.ZipFile('tree.archive'); print(z.testzip(), sorted(n.rstrip('/') for n in z.namelist()))";
    expect(await python(opened)).toContain(
      "['Grüße', 'Grüße/日本', 'Grüße/日本/🎉.txt', 'empty', 'large', 'link', 'run.sh']",
    );

    const unpacked = await upload(`copied/${format}`, archive);
    expect([unpacked.status, await unpacked.json()]).toEqual([
      200,
      { path: `copied/${format}`, entries: 7, bytes: expect.any(Number) },
    ]);
    expect(await python(describeTree(`copied/${format}`))).toBe(await python(describeTree('tree')));
  });

  it.each([
    ['climbs out', "'../escaped.txt'"],
    ['is absolute', "'/workspace/escaped.txt'"],
  ])('is refused whole where an entry %s', async (_what, name) => {
    const archive = await made(
      format === 'tar'
        ? `b = io.BytesIO(); t = tarfile.open(fileobj=b, mode='w')
t.addfile(tarfile.TarInfo('innocent')); t.addfile(tarfile.TarInfo(${name})); t.close(); print(base64.b64encode(b.getvalue()).decode())`
        : `b = io.BytesIO(); z = zipfile.ZipFile(b, 'w'); z.writestr('innocent', ''); z.writestr(${name}, ''); z.close(); print(base64.b64encode(b.getvalue()).decode())`,
    );
    const response = await upload('evil/in', archive);
    expect([response.status, await errorOf(response)]).toEqual([422, expect.stringMatching(/^[A-Z].*\.$/)]);
    const left = "import os; print([f for _, _, fs in os.walk('evil') for f in fs], os.path.exists('escaped.txt'))";
    expect(await python(left)).toBe('[] False\n');
  });

  it('is refused where it is a bomb or has a link that leads out', async () => {
    const link = await made(
      format === 'tar'
        ? `b = io.BytesIO(); t = tarfile.open(fileobj=b, mode='w'); i = tarfile.TarInfo('l'); i.type = tarfile.SYMTYPE; i.linkname = '/etc'
t.addfile(i); t.addfile(tarfile.TarInfo('l/x')); t.close(); print(base64.b64encode(b.getvalue()).decode())`
        : `b = io.BytesIO(); z = zipfile.ZipFile(b, 'w'); i = zipfile.ZipInfo('l'); i.external_attr = 0o120777 << 16
z.writestr(i, '/etc'); z.writestr('l/x', ''); z.close(); print(base64.b64encode(b.getvalue()).decode())`,
    );
    expect((await upload('evil/link', link)).status).toBe(422);
    const bomb = await made(
      format === 'tar'
        ? `b = io.BytesIO(); t = tarfile.open(fileobj=b, mode='w:gz'); i = tarfile.TarInfo('bomb'); i.size = 50_000_000
t.addfile(i, io.BytesIO(bytes(i.size))); t.close(); print(base64.b64encode(b.getvalue()).decode())`
        : `b = io.BytesIO(); z = zipfile.ZipFile(b, 'w', zipfile.ZIP_DEFLATED); z.writestr('bomb', bytes(50_000_000)); z.close(); print(base64.b64encode(b.getvalue()).decode())`,
    );
    const refused = await upload('evil/bomb', bomb);
    expect([refused.status, await errorOf(refused)]).toEqual([413, expect.stringMatching(/^[A-Z].*\.$/)]);
    expect(await python("import os; print([f for _, _, fs in os.walk('evil') for f in fs])")).toBe('[]\n');
  });

  it('is refused where it is none, and unpacks nothing where it breaks off', async () => {
    const response = await upload('none', Buffer.from('this is no archive'));
    expect([response.status, await errorOf(response)]).toEqual([422, expect.stringMatching(/^[A-Z].*\.$/)]);
    await python("import os; os.makedirs('part', exist_ok=True); open('part/one','w').write('1')");
    const whole = Buffer.from(await (await download('part')).arrayBuffer());
    // Forks of the agent, which unpack, have its name; gVisor shows the command line of both.
    const workers = `
import os
count = 0
for name in os.listdir('/proc'):
    try:
        line = open(f'/proc/{name}/cmdline', 'rb').read()
        count += line == b'clara-agent\\0' or b'-I\\0-S' in line
    except OSError:
        pass
print(count)`;
    const idle = await python(workers);
    const request = httpRequest(urlOf('archive', `cut/${format}`, format), {
      method: 'PUT',
      headers: { ...KEY, 'content-length': String(whole.length + 1) },
    });
    request.on('error', () => undefined);
    request.write(whole);
    await expect.poll(() => python(workers), { timeout: 20_000 }).toBe(`${Number(idle) + 1}\n`);
    request.destroy();
    await expect.poll(() => python(workers), { timeout: 20_000 }).toBe(idle);
    const left = `import os; print([f for _, _, fs in os.walk('cut/${format}') for f in fs])`;
    expect(await python(left)).toBe('[]\n');
  });

  it('is a 404 where there is none, a 422 where it is a file', async () => {
    await put('afile', 'x');
    for (const [path, status] of [
      ['nowhere', 404],
      ['afile', 422],
    ] as const) {
      const response = await download(path);
      expect([response.status, await errorOf(response)]).toEqual([status, expect.stringMatching(/\.$/)]);
    }
  });
});

it('a stream of a size that nobody knows is taken as it comes', async () => {
  const chunk = Buffer.alloc(65_536, 7);
  const body = Readable.toWeb(Readable.from(Array.from({ length: 64 }, () => chunk)));
  const init = { method: 'PUT', headers: KEY, body, duplex: 'half' } as RequestInit;
  const response = await fetch(urlOf('raw', 'unknown'), init);
  expect(await response.json()).toEqual({ path: 'unknown', size: 64 * 65_536 });
});
