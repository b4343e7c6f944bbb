import { CommandExitError, FileNotFoundError, Sandbox, TimeoutError } from 'e2b';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../../support/real-server.ts';
import { IS_GVISOR } from '../../../support/runtime.ts';
import { until } from '../../../support/until.ts';

const KEY = 'e2b_0123456789abcdef0123456789abcdef';

let server: RealServer;
let options: { readonly apiKey: string; readonly apiUrl: string; readonly sandboxUrl: string };
let sandbox: Sandbox;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_API_KEY: KEY });
  options = { apiKey: KEY, apiUrl: server.url, sandboxUrl: server.url };
  sandbox = await Sandbox.create('base', { ...options, envs: { FOO: 'bar' }, timeoutMs: 300_000 });
});

afterAll(async () => {
  await server.close();
});

describe('commands of the published client', () => {
  it('say what they say and how they ended', async () => {
    const { stdout, stderr, exitCode } = await sandbox.commands.run('pwd; echo $FOO $USER $HOME; echo oh >&2');
    expect([stdout, stderr, exitCode]).toEqual(['/home/user\nbar user /home/user\n', 'oh\n', 0]);
    const failed = await sandbox.commands.run('exit 3').catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(CommandExitError);
    expect(failed).toMatchObject({ exitCode: 3, error: 'exit status 3' });
  });

  it('know their sandbox, and what was said for all of it is stronger than what every sandbox has', async () => {
    const own = await Sandbox.create('base', { ...options, envs: { HOME: '/tmp', E2B_SANDBOX: 'mine' } });
    const show = 'echo $HOME $E2B_SANDBOX $E2B_SANDBOX_ID; echo $E2B_TEMPLATE_ID | wc -w';
    expect((await own.commands.run(show)).stdout).toBe(`/tmp mine ${own.sandboxId}\n1\n`);
    expect((await own.commands.run('echo $E2B_SANDBOX', { envs: { E2B_SANDBOX: 'run' } })).stdout).toBe('run\n');
    await own.kill();
  });

  it('start in a folder and with variables, and are refused where there is none', async () => {
    const { stdout } = await sandbox.commands.run('pwd; echo $FOO', { cwd: '/tmp', envs: { FOO: "it's" } });
    expect(stdout).toBe("/tmp\nit's\n");
    await expect(sandbox.commands.run('pwd', { cwd: '/nowhere' })).rejects.toThrow("cwd '/nowhere' does not exist");
    await expect(sandbox.commands.run('pwd', { user: 'bob' })).rejects.toThrow("invalid username: 'bob'");
  });

  it('run as root in a home of its own, which is there for files too', async () => {
    const { stdout } = await sandbox.commands.run('pwd; echo $HOME $USER; echo 1 > made; cat made', { user: 'root' });
    expect(stdout).toBe('/root\n/root root\n1\n');
    expect((await sandbox.files.write('hello.txt', 'hello', { user: 'root' })).path).toBe('/root/hello.txt');
    expect(await sandbox.files.read('/root/hello.txt')).toBe('hello');
    expect((await sandbox.commands.run('touch /var/tmp/x && ls /var/tmp')).stdout).toBe('x\n');
  });

  it('are ended at their deadline', async () => {
    await expect(sandbox.commands.run('sleep 100', { timeoutMs: 500 })).rejects.toThrow(TimeoutError);
    // The client's own timer may be first.
    await until('the command has ended', async () => (await sandbox.commands.list()).length === 0);
  });

  it('are listed, fed, joined and killed while they run', async () => {
    const reader = await sandbox.commands.run('read line; echo "got $line"', { background: true, stdin: true });
    expect(await sandbox.commands.list()).toMatchObject([{ pid: reader.pid, cmd: '/bin/bash' }]);
    const joined = await sandbox.commands.connect(reader.pid);
    await sandbox.commands.sendStdin(reader.pid, 'a line\n');
    expect((await reader.wait()).stdout).toBe('got a line\n');
    expect((await joined.wait()).stdout).toBe('got a line\n');
    const sleeper = await sandbox.commands.run('sleep 100', { background: true });
    expect(await sandbox.commands.kill(sleeper.pid)).toBe(true);
    await expect(sleeper.wait()).rejects.toMatchObject({ exitCode: -1 });
    expect(await sandbox.commands.kill(sleeper.pid)).toBe(false);
  });

  it('have a terminal of any size', async () => {
    const told: string[] = [];
    const decoder = new TextDecoder();
    const terminal = await sandbox.pty.create({
      cols: 80,
      rows: 24,
      onData: (data) => void told.push(decoder.decode(data, { stream: true })),
    });
    await sandbox.pty.resize(terminal.pid, { cols: 123, rows: 24 });
    await sandbox.pty.sendInput(terminal.pid, new TextEncoder().encode('tput cols; exit 4\n'));
    await expect(terminal.wait()).rejects.toMatchObject({ exitCode: 4 });
    expect(told.join('')).toContain('123');
  });
});

describe('watchers of the published client', () => {
  it('tell of what happens below a folder, with entries where asked, until they are stopped', async () => {
    await sandbox.files.makeDir('watched/below');
    await sandbox.files.write('watched/old.txt', 'old');
    const told: { name: string; type: string; entry: string | undefined }[] = [];
    const handle = await sandbox.files.watchDir(
      'watched',
      ({ name, type, entry }) => void told.push({ name, type, entry: entry?.path }),
      { recursive: true, includeEntry: true },
    );
    await sandbox.files.write('watched/below/new.txt', '1');
    await sandbox.commands.run('cd watched && echo more >> old.txt && mv old.txt moved.txt && rm moved.txt');
    const has = (name: string, type: string) => () => told.some((one) => one.name === name && one.type === type);
    await until('the new file is told', has('below/new.txt', 'create'));
    await until('the removal is told', has('moved.txt', 'remove'));
    expect(has('below/new.txt', 'write')()).toBe(true);
    expect(has('old.txt', 'write')()).toBe(true);
    expect(has('old.txt', 'rename')()).toBe(true);
    expect(told.find(({ name, type }) => name === 'below/new.txt' && type === 'create')?.entry).toBe(
      '/home/user/watched/below/new.txt',
    );
    await handle.stop();
    await expect(sandbox.files.watchDir('watched/below/new.txt', () => undefined)).rejects.toThrow('not a directory');
    await expect(sandbox.files.watchDir('nowhere', () => undefined)).rejects.toThrow(
      "'/home/user/nowhere' does not exist",
    );
  });

  it('keep events for who asks, are removed, and are nobody else’s', async () => {
    const other = await Sandbox.create('base', { ...options, timeoutMs: 300_000 });
    await sandbox.files.makeDir('asked');
    const { watcherId } = await rpc(sandbox, 'CreateWatcher', { path: 'asked', recursive: false });
    await sandbox.files.write('asked/a.txt', '1');
    const { events } = await rpc(sandbox, 'GetWatcherEvents', { watcherId });
    expect(events.map(({ name, type }: { name: string; type: string }) => [name, type])).toEqual([
      ['a.txt', 'EVENT_TYPE_CREATE'],
      ['a.txt', 'EVENT_TYPE_CHMOD'],
      ['a.txt', 'EVENT_TYPE_WRITE'],
    ]);
    await sandbox.files.remove('asked/a.txt');
    const { events: more } = await rpc(sandbox, 'GetWatcherEvents', { watcherId });
    expect(more).toEqual([{ name: 'a.txt', type: 'EVENT_TYPE_REMOVE' }]);
    expect(await rpc(other, 'GetWatcherEvents', { watcherId })).toMatchObject({ code: 'not_found' });
    expect(await rpc(sandbox, 'RemoveWatcher', { watcherId })).toEqual({});
    expect(await rpc(sandbox, 'RemoveWatcher', { watcherId })).toMatchObject({ code: 'not_found' });
    await other.kill();
  });
});

/** A method of the file system that the JavaScript client does not call, as Python's does. */
async function rpc(of: Sandbox, method: string, message: object) {
  const { envdAccessToken: token } = of as unknown as { envdAccessToken: string };
  const headers = {
    'content-type': 'application/json',
    'e2b-sandbox-id': of.sandboxId,
    'e2b-sandbox-port': '49983',
    'x-access-token': token,
  };
  const answer = await fetch(`${server.url}/filesystem.Filesystem/${method}`, {
    ...{ method: 'POST', headers },
    body: JSON.stringify(message),
  });
  return JSON.parse(await answer.text());
}

describe('files of the published client', () => {
  it('are written, read, listed, moved and removed', async () => {
    expect(await sandbox.files.write('d/a.txt', 'ä text')).toMatchObject({ path: '/home/user/d/a.txt', name: 'a.txt' });
    expect(await sandbox.files.read('/home/user/d/a.txt')).toBe('ä text');
    const written = await sandbox.files.write([
      { path: 'd/b.txt', data: '1' },
      { path: 'd/e/c.txt', data: '2' },
    ]);
    expect(written.map(({ path }) => path)).toEqual(['/home/user/d/b.txt', '/home/user/d/e/c.txt']);
    const listed = await sandbox.files.list('d', { depth: 2 });
    expect(listed.map(({ path }) => path.slice('/home/user/d/'.length))).toEqual(['a.txt', 'b.txt', 'e', 'e/c.txt']);
    expect(await sandbox.files.makeDir('d/e')).toBe(false);
    expect((await sandbox.files.rename('d/a.txt', 'f/g/a.txt')).path).toBe('/home/user/f/g/a.txt');
    expect([await sandbox.files.exists('d/a.txt'), await sandbox.files.exists('f/g/a.txt')]).toEqual([false, true]);
    await sandbox.files.remove('d');
    await expect(sandbox.files.read('d/b.txt')).rejects.toThrow(FileNotFoundError);
  });

  it('are described, links by what they lead to', async () => {
    await sandbox.files.write('real.txt', 'x');
    await sandbox.commands.run('ln -sf real.txt link; ln -sf nowhere broken');
    expect(await sandbox.files.getInfo('real.txt')).toMatchObject({
      type: 'file',
      mode: 0o644,
      permissions: '-rw-r--r--',
      owner: 'user',
      group: 'user',
      size: 1,
    });
    const link = { type: 'file', permissions: 'Lrwxrwxrwx', symlinkTarget: '/home/user/real.txt' };
    expect(await sandbox.files.getInfo('link')).toMatchObject(link);
    expect(await sandbox.files.getInfo('broken')).toMatchObject({ symlinkTarget: '/home/user/broken' });
  });

  it('keep their metadata, which a write replaces', async () => {
    await sandbox.files.write('m.txt', '1', { metadata: { author: 'Ada', Second: '2' } });
    // gVisor has no attributes of files, in which they are.
    const metadata = IS_GVISOR ? undefined : { author: 'Ada', second: '2' };
    expect((await sandbox.files.getInfo('m.txt')).metadata).toEqual(metadata);
    expect((await sandbox.files.rename('m.txt', 'n.txt')).metadata).toEqual(metadata);
    await sandbox.files.write('n.txt', '2');
    expect((await sandbox.files.getInfo('n.txt')).metadata ?? {}).toEqual({});
  });

  it('come and go compressed, and as bytes', async () => {
    const text = 'many times the same '.repeat(5000);
    await sandbox.files.write('z.txt', text, { gzip: true });
    expect(await sandbox.files.read('z.txt', { gzip: true })).toBe(text);
    await sandbox.files.write('empty', '');
    expect(await sandbox.files.read('empty')).toBe('');
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
    await sandbox.files.write('bytes', bytes.buffer);
    expect(Buffer.from(await sandbox.files.read('bytes', { format: 'bytes' })).equals(bytes)).toBe(true);
  });

  it('are reached by signed URLs', async () => {
    const upload = await sandbox.uploadUrl('signed.txt', { useSignatureExpiration: 60 });
    const form = new FormData();
    form.append('file', new Blob(['by a URL']), 'signed.txt');
    expect((await fetch(upload, { method: 'POST', body: form })).status).toBe(200);
    const url = await sandbox.downloadUrl('signed.txt', { useSignatureExpiration: 60 });
    expect(await (await fetch(url)).text()).toBe('by a URL');
    const forged = await fetch(url.replace(/signature=v1_../, 'signature=v1_AA'));
    expect([forged.status, await forged.json()]).toEqual([401, { code: 401, message: 'invalid signature' }]);
  });
});

describe('metrics of the published client', () => {
  it.skipIf(IS_GVISOR)('tell the file cache beside the memory', async () => {
    await sandbox.commands.run('head -c 8M /dev/urandom > cached; cat cached > /dev/null');
    await until('the cache and the disk are told', async () => {
      const { memCache = 0, diskUsed = 0 } = (await sandbox.getMetrics()).at(-1) ?? {};
      return memCache > 2 ** 22 && diskUsed > 2 ** 22;
    });
    const { memCache = 0, memUsed = 0, memTotal = 0 } = (await sandbox.getMetrics()).at(-1) ?? {};
    expect(memUsed).toBeGreaterThan(0);
    expect(memCache + memUsed).toBeLessThanOrEqual(memTotal);
  });
});
