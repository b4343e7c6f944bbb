import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';
import unzipper from 'unzipper';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

const KEY = { 'x-api-key': 'key-for-these-tests' };
const FILES: readonly (readonly [string, string])[] = [
  ['plain.txt', 'plain'],
  ['deep/er/Grüße 🎉.txt', 'party'],
  [`${'long-folder-name/'.repeat(12)}end.txt`, 'far'],
];

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

const urlOf = (path: string, format: string) => `${server.url}/sandbox/a/archive?path=${path}&format=${format}`;

async function download(path: string, format: string): Promise<Buffer> {
  const response = await fetch(urlOf(path, format), { headers: KEY });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

async function readTar(bytes: Buffer): Promise<[string, string][]> {
  const files: [string, string][] = [];
  const entries = extract();
  Readable.from([bytes]).pipe(entries);
  for await (const entry of entries) {
    const content = (await buffer(entry)).toString();
    if (entry.header.type === 'file') files.push([entry.header.name, content]);
  }
  return files;
}

async function readZip(bytes: Buffer): Promise<[string, string][]> {
  const { files } = await unzipper.Open.buffer(bytes);
  const plain = files.filter(({ type }) => type === 'File');
  return await Promise.all(
    plain.map(async (file): Promise<[string, string]> => [file.path, (await file.buffer()).toString()]),
  );
}

describe('an archive', () => {
  it('that another library made is unpacked, and what comes out others can read', async () => {
    const archive = pack();
    for (const [name, content] of FILES) archive.entry({ name }, content);
    archive.finalize();
    const uploaded = await fetch(urlOf('in', 'tar'), { method: 'PUT', headers: KEY, body: await buffer(archive) });
    expect(uploaded.status).toBe(200);
    const sorted = [...FILES].map(([name, content]) => [name, content]).sort();
    expect((await readTar(await download('in', 'tar'))).sort()).toEqual(sorted);
    expect((await readZip(await download('in', 'zip'))).sort()).toEqual(sorted);
  });
});

const FIXTURES = new URL('../../fixtures/archives/', import.meta.url);

/** Puts a fixture into the sandbox and unpacks it. */
async function unzip(name: string, encoding?: string) {
  const raw = { method: 'PUT', headers: KEY, body: await readFile(new URL(name, FIXTURES)) };
  expect((await fetch(`${server.url}/sandbox/a/raw?path=/tmp/${name}`, raw)).ok).toBe(true);
  return await server.call('POST', '/sandbox/a/unzip', {
    path: `/tmp/${name}`,
    destination: `/tmp/of-${name}`,
    encoding,
  });
}

/** The tree that the fixtures hold, as find shows it. */
const TREE = `f 644 plain.txt
f 644 Grüße/日本/🎉.txt
f 755 run.sh
d 755 Grüße
d 755 Grüße/日本
d 755 empty
l 777 link plain.txt`;
const LONG = `${'long-folder-name-that-is-long/'.repeat(3)}long/end.txt`;

describe('an archive of another tool', () => {
  it.each([
    'info-zip.zip',
    'prefixed.zip',
    'prefixed-adjusted.zip',
    '7-zip.zip',
    '7-zip.tar.gz',
    'bsdtar.zip',
    'bsdtar-pax.tar.gz',
    'bsdtar-ustar.tar.bz2',
    'gnu-tar-v7.tar.gz',
    'gnu-tar-oldgnu.tar.gz',
    'gnu-tar-gnu.tar.gz',
    'gnu-tar-ustar.tar.gz',
    'gnu-tar-posix.tar.gz',
    'gnu-tar-incremental.tar.gz',
    'cpio-ustar.tar.xz',
  ])('%s is unpacked as it was packed', async (name) => {
    expect((await unzip(name)).body).toMatchObject({ success: true });
    const find = await server.shell(
      'a',
      `cd /tmp/of-${name} && find . -mindepth 1 -not -path '*long*' -printf '%y %m %P %l\\n'`,
    );
    const found = find.body.output
      .trim()
      .split('\n')
      .map((line: string) => line.trim());
    expect(found.sort()).toEqual(TREE.split('\n').sort());
    const cat = await server.shell('a', `cd /tmp/of-${name} && cat plain.txt Gr*/*/* && ./run.sh && cat ${LONG}`);
    expect(cat.body.output).toBe(`plain\nparty\nran\n${name.includes('v7') ? '' : 'far\n'}`);
  });

  it.each(['7-zip-BZip2.zip', '7-zip-LZMA.zip'])('%s is unpacked, however well it is packed', async (name) => {
    expect((await unzip(name)).body).toMatchObject({ success: true });
    expect((await server.shell('a', `wc -c < /tmp/of-${name}/c.txt`)).body.output.trim()).toBe('100000');
  });

  it.each([
    ['7-zip-Deflate64.zip', /Deflate64 \(method 9\).*c\.txt\.$/],
    ['7-zip-PPMd.zip', /PPMd \(method 98\).*c\.txt\.$/],
    ['7-zip-aes.zip', /encrypted.*c\.txt\.$/],
    ['info-zip-encrypted.zip', /encrypted.*c\.txt\.$/],
    ['info-zip-part.zip', /one part.*several/],
    ['7-zip.7z', /a 7z archive.*can be unpacked/],
    ['gnu-tar.tar.zst', /zstd/],
    ['one-file.gz', /compressed with gzip.*no tar archive/],
  ])('%s is refused with what it is', async (name, sentence) => {
    expect((await unzip(name)).body).toMatchObject({ success: false, error: expect.stringMatching(sentence) });
  });

  it('has names in the encoding that is said, and a wrong one is a 422', async () => {
    const make = `
import zipfile
with zipfile.ZipFile('/tmp/made.zip', 'w') as z:
    info = zipfile.ZipInfo('QQQQ\\\\WW.txt'); info.create_system = 0
    z.writestr(info, 'x')
data = open('/tmp/made.zip', 'rb').read()
open('/tmp/gbk.zip', 'wb').write(data.replace(b'QQQQ', '资料'.encode('gbk')).replace(b'WW', '表'.encode('gbk')))`;
    expect((await server.execute('a', make)).body).toMatchObject({ success: true });
    const of = (encoding: string) =>
      server.call('POST', '/sandbox/a/unzip', { path: '/tmp/gbk.zip', destination: `/tmp/of-${encoding}`, encoding });
    expect((await of('gbk')).body).toMatchObject({ success: true });
    expect((await server.shell('a', 'find /tmp/of-gbk -type f')).body.output).toBe('/tmp/of-gbk/资料/表.txt\n');
    const wrong = await of('klingon');
    expect([wrong.status, wrong.body.detail[0].loc]).toEqual([422, ['body', 'encoding']]);
  });
});
