import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

const read = (path: string) => server.call('GET', `/sandbox/f/file?path=${encodeURIComponent(path)}`);
const remove = (path: string) => server.call('DELETE', `/sandbox/f/file?path=${encodeURIComponent(path)}`);
const list = (path: string) => server.call('GET', `/sandbox/f/files?path=${encodeURIComponent(path)}`);
const write = (path: string, content: string, encoding?: string) =>
  server.call('POST', '/sandbox/f/file', { path, content, ...(encoding ? { encoding } : {}) });

describe('a file', () => {
  it.each([
    ['a quote', '/workspace/it\'s "quoted".txt'],
    ['spaces', '/workspace/ two  words '],
    ['a newline', '/workspace/line\nbreak'],
    ['a leading dash', '/workspace/-rf'],
    ['a leading dot', '/workspace/.hidden'],
    ['non-ASCII letters', '/workspace/Grüße 日本 🎉.txt'],
    ['shell syntax', '/workspace/$(touch owned);`id`&|*?'],
    ['a backslash', '/workspace/back\\slash'],
    ['folders that are not there yet', '/workspace/new/deep/er/file.txt'],
  ])('with %s in its name is written, listed, read and deleted', async (_what, path) => {
    const written = await write(path, 'content');
    expect(written.body).toMatchObject({ success: true, output: `Written 7 bytes to ${path}` });
    expect((await read(path)).body).toEqual({ path, content: 'content', encoding: 'utf-8', size: 7 });
    const folder = path.slice(0, path.lastIndexOf('/'));
    expect((await list(folder)).body.output).toContain(path.slice(folder.length + 1));
    expect((await remove(path)).body).toMatchObject({ success: true });
    expect((await read(path)).status).toBe(404);
    expect((await list('/workspace')).body.output).not.toContain('owned');
  });

  it('of 20 MB comes back byte for byte', async () => {
    const bytes = randomBytes(20_000_000);
    expect((await write('big.bin', bytes.toString('base64'), 'base64')).body).toMatchObject({
      success: true,
      output: 'Written 20000000 bytes to big.bin',
    });
    const { body } = await read('/workspace/big.bin');
    expect(body).toMatchObject({ encoding: 'base64', size: 20_000_000 });
    expect(Buffer.from(body.content, 'base64').equals(bytes)).toBe(true);
  });

  it('is the same under /workspace and /home/user, for the API and for code', async () => {
    await write('/home/user/both.txt', 'one file');
    expect((await read('/workspace/both.txt')).body.content).toBe('one file');
    const { body } = await server.execute('f', "print(open('/home/user/both.txt').read(), open('both.txt').read())");
    expect(body.output).toBe('one file one file\n');
  });

  it('with a non-UTF-8 byte is base64', async () => {
    await write('raw.bin', Buffer.from([0, 255, 10]).toString('base64'), 'base64');
    expect((await read('raw.bin')).body).toMatchObject({ encoding: 'base64', content: 'AP8K', size: 3 });
  });

  it('keeps its mode when it is written again', async () => {
    await server.shell('f', 'echo "#!/bin/sh" > run.sh; chmod 750 run.sh');
    await write('run.sh', '#!/bin/sh\necho ran');
    expect((await server.shell('f', './run.sh; stat -c %a run.sh')).body.output).toBe('ran\n750\n');
  });

  it('that is a folder, a FIFO or outside of what may be written is refused with a sentence', async () => {
    await server.shell('f', 'mkdir -p folder; mkfifo pipe');
    for (const path of ['/workspace/folder', '/workspace/pipe', '/etc/passwd', '/no/such']) {
      const { status, body } = await write(path, 'x');
      expect([status, body.success]).toEqual([200, false]);
      expect(body.error).toMatch(/\w+ \w+/);
    }
    for (const path of ['/workspace/folder', '/workspace/pipe']) {
      const { status, body } = await read(path);
      expect(status).toBe(422);
      expect(body.error).toMatch(/\w+ \w+/);
    }
    expect((await remove('/workspace/folder')).body.success).toBe(false);
    expect((await remove('/workspace/absent')).body.success).toBe(true);
  });
});

describe('a path that nothing can be done with', () => {
  // To gVisor each part of a path costs so much that the work on 1,500 takes minutes.
  const levels = IS_GVISOR ? 300 : 1500;
  const deep = 'd/'.repeat(levels);

  it.each([
    '/dev/tty',
    '/dev/null',
    '/proc/1/mem',
    '/proc/self/mem',
    'socket',
    'n'.repeat(256),
    `${'d/'.repeat(2045)}f`,
  ])('is told in a sentence (%#)', async (path) => {
    await server.execute('f', "import socket\nsocket.socket(socket.AF_UNIX).bind('socket')");
    const { status, body } = await read(path);
    expect(status).toBe(422);
    expect(body.error).toMatch(/\.$/);
    expect((await write(path, 'x')).body).toMatchObject({ success: false });
    await server.shell('f', 'rm -f socket');
  });

  it('is not one of many folders: it is written, read, packed, unpacked and removed', async () => {
    expect((await write(`${deep}file`, 'deep')).body).toMatchObject({ success: true });
    expect((await read(`${deep}file`)).body.content).toBe('deep');
    const url = (path: string, format: string) =>
      `${server.url}/sandbox/f/archive?path=${encodeURIComponent(path)}&format=${format}`;
    const headers = { 'x-api-key': 'key-for-these-tests' };
    for (const format of ['tar', 'zip']) {
      const packed = Buffer.from(await (await fetch(url('d', format), { headers })).arrayBuffer());
      const unpacked = await fetch(url(`copy-${format}`, format), { method: 'PUT', headers, body: packed });
      expect([unpacked.status, await unpacked.json()]).toMatchObject([200, { entries: levels }]);
      await write(`${format}.archive`, packed.toString('base64'), 'base64');
      const unzipped = await server.call('POST', '/sandbox/f/unzip', { path: `${format}.archive`, destination: 'e' });
      expect(unzipped.body).toMatchObject({ success: true });
    }
    expect((await server.shell('f', 'rm -r d e copy-* *.archive')).body).toMatchObject({ success: true });
  });
});

describe('a listing', () => {
  it('looks like that of ls -la', async () => {
    await server.shell('f', 'mkdir -p listed && cd listed && echo hello > a.txt && ln -sf a.txt link');
    const { body } = await list('/workspace/listed');
    expect(body).toMatchObject({ success: true, exit_code: 0 });
    // gVisor refuses to list the extended attributes of a symbolic link, which ls mentions.
    expect(body.error).toEqual(IS_GVISOR ? expect.stringMatching(/^ls: .*link: Bad file descriptor\n$/) : null);
    expect(body.output).toMatch(/^total \d+\n/);
    expect(body.output).toMatch(/-rw-r--r-- +1 user +user +6 .* a\.txt\n/);
    expect(body.output).toMatch(/link -> a\.txt\n/);
  });

  it('of a missing folder is a failure with exit code 2, not an error of HTTP', async () => {
    const { status, body } = await list('/workspace/absent');
    expect(status).toBe(200);
    expect(body).toMatchObject({ success: false, exit_code: 2 });
    expect(body.error).toContain('No such file');
  });
});

describe('unzip', () => {
  const unzip = (path: string, destination?: string | null) =>
    server.call('POST', '/sandbox/f/unzip', { path, ...(destination === undefined ? {} : { destination }) });

  it('unpacks beside the archive, or where it is told', async () => {
    await server.execute(
      'f',
      `import zipfile, os
os.makedirs('/workspace/z', exist_ok=True)
with zipfile.ZipFile('/workspace/z/a.zip', 'w') as z: z.writestr('in/side.txt', 'zipped')`,
    );
    const beside = await unzip('/workspace/z/a.zip');
    expect(beside.body).toMatchObject({ success: true, error: null });
    expect(beside.body.output).toMatch(/^Extracted to \/workspace\/z:\n[\s\S]*in/);
    expect((await read('/workspace/z/in/side.txt')).body.content).toBe('zipped');
    expect((await unzip('/workspace/z/a.zip', '/workspace/else/where')).body.success).toBe(true);
    expect((await read('/workspace/else/where/in/side.txt')).body.content).toBe('zipped');
  });

  it.each([
    ['climbs out', "z.writestr('../../escaped.txt', 'x')"],
    ['is absolute', "z.writestr('/tmp/escaped.txt', 'x')"],
    ['is a bomb', "z.writestr('bomb', b'\\0' * 50_000_000, zipfile.ZIP_DEFLATED)"],
    [
      'links out',
      "i = zipfile.ZipInfo('link'); i.external_attr = 0o120777 << 16; z.writestr(i, '/etc'); z.writestr('link/x', 'x')",
    ],
  ])('refuses an archive that %s, whole', async (_what, line) => {
    await server.execute(
      'f',
      `import zipfile
with zipfile.ZipFile('/workspace/evil.zip', 'w') as z:
    z.writestr('innocent.txt', 'x')
    ${line}`,
    );
    const { status, body } = await unzip('/workspace/evil.zip', '/workspace/evil');
    expect(status).toBeLessThan(500);
    expect(body.error).toMatch(/\w+ \w+/);
    expect(
      (await server.shell('f', 'ls -A /workspace/evil; ls /tmp/escaped.txt /escaped.txt /workspace/escaped.txt')).body
        .output,
    ).toBe('');
  });

  it('says what is wrong with a file that is no archive, or not there', async () => {
    await write('plain.txt', 'text');
    for (const path of ['plain.txt', 'absent.zip']) {
      const { status, body } = await unzip(path);
      expect([status, body.success]).toEqual([200, false]);
      expect(body.error).toMatch(/\w+ \w+/);
    }
  });
});
