import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

const KEY = { 'x-api-key': 'key-for-these-tests' };

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_TMP_SIZE: '1m' });
});

afterAll(() => server.close());

const urlOf = (kind: 'raw' | 'archive', path: string, format?: string) =>
  `${server.url}/sandbox/t/${kind}?path=${encodeURIComponent(path)}${format ? `&format=${format}` : ''}`;

const put = (path: string, body: Uint8Array | string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(urlOf('raw', path), { method: 'PUT', headers: { ...KEY, ...headers }, body: Buffer.from(body) });

const python = async (code: string): Promise<string> => {
  const { body } = await server.execute('t', code);
  expect(body).toMatchObject({ success: true });
  return body.output;
};

const errorOf = async (response: Response): Promise<string> => ((await response.json()) as { error: string }).error;

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
    // The agent and its forks, which pack and unpack, have its name; gVisor shows the command line of both.
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
    // What has packed the folder may not have ended yet.
    await expect.poll(() => python(workers), { timeout: 20_000 }).toBe('1\n');
    const request = httpRequest(urlOf('archive', `cut/${format}`, format), {
      method: 'PUT',
      headers: { ...KEY, 'content-length': String(whole.length + 1) },
    });
    request.on('error', () => undefined);
    request.write(whole);
    await expect.poll(() => python(workers), { timeout: 20_000 }).toBe('2\n');
    request.destroy();
    await expect.poll(() => python(workers), { timeout: 20_000 }).toBe('1\n');
    const left = `import os; print([f for _, _, fs in os.walk('cut/${format}') for f in fs])`;
    expect(await python(left)).toBe('[]\n');
  });

  it('is a 404 where there is none, a 422 where it is a file', async () => {
    const written = await put('afile', 'x');
    expect([written.ok, written.ok || (await errorOf(written))]).toEqual([true, true]);
    for (const [path, status] of [
      ['nowhere', 404],
      ['afile', 422],
    ] as const) {
      const response = await download(path);
      expect([response.status, await errorOf(response)]).toEqual([status, expect.stringMatching(/\.$/)]);
    }
  });
});
