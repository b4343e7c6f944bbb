import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, link, lstat, mkdtemp, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { toSandboxId } from '../../../src/sandboxes/address.ts';
import { makeOlder, withFiles } from '../../support/older-version.ts';
import { type RealServer, removeAll, startRealServer } from '../../support/real-server.ts';
import { RUNTIME } from '../../support/runtime.ts';
import { startServerProcess } from '../../support/server-process.ts';

const run = promisify(execFile);
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(variables: Readonly<Record<string, string>> = {}): Promise<RealServer> {
  const server = await startRealServer(variables);
  closers.push(() => (variables.SANDBOX_DATA_DIR ? server.leave() : server.close()));
  return server;
}

async function dataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clara-users-'));
  closers.push(() => removeAll(folder));
  return folder;
}

const folderOf = (dataDir: string, user: string) => join(dataDir, toSandboxId({ namespace: 'clara', id: user }));

async function uidOf(dataDir: string, user: string): Promise<number> {
  return JSON.parse(await readFile(join(folderOf(dataDir, user), 'sandbox.json'), 'utf8')).uid;
}

/** The owners and groups of all files below a folder, links not followed, each once. */
async function ownersIn(folder: string): Promise<string[]> {
  const { stdout } = await run('find', [folder, '-printf', '%U:%G\n']);
  return [...new Set(stdout.trim().split('\n'))];
}

const KINDS = [
  ['a disk image', { SANDBOX_DISK_LIMIT: '64m' }, true],
  ['plain folders', { SANDBOX_DISK_LIMIT: '64m', SANDBOX_DISK_MECHANISM: 'measure' }, false],
] as const;

const SHOWS_NAMES = `
import getpass, os, pathlib, pwd
me = pwd.getpwuid(os.getuid())
print(me.pw_name, me.pw_dir, me.pw_shell, getpass.getuser(), pathlib.Path('/workspace').owner(), pathlib.Path('/packages').group())
print(os.path.expanduser('~user'), os.path.expanduser('~sandbox'), os.environ['USER'], os.environ['LOGNAME'], os.environ['HOME'])
print(pwd.getpwnam('sandbox').pw_uid == os.getuid() == os.getgid(), pwd.getpwnam('root').pw_uid)
for name in '/etc/passwd', '/etc/group':
    try: open(name, 'a')
    except OSError as error: print(error.strerror)
print(sum(' /etc/' in line and ' ro,' in line for line in open('/proc/mounts') if 'passwd' in line or 'group ' in line))
`;

describe("a sandbox's user", () => {
  it('has two names and a home inside, among the users of the image, in files that nobody there changes', async () => {
    const server = await start({ SANDBOX_POOL_SIZE: '1' });
    const { output } = (await server.execute('u', SHOWS_NAMES)).body;
    expect(output).toBe(
      [
        'user /home/user /bin/bash user user user',
        '/home/user /home/user user user /home/user',
        'True 0',
        'Permission denied',
        'Permission denied',
        '2',
        '',
      ].join('\n'),
    );
    const { body } = await server.shell(
      'u',
      'whoami; id -un; id -gn; id -G; cd ~sandbox; pwd; echo ~user; touch x; stat -c %U:%G x',
    );
    const uid = await uidOf(server.dataDir, 'u');
    expect(body.output).toBe(`user\nuser\nuser\n${uid}\n/home/user\n/home/user\nuser:user\n`);
    await server.call('POST', '/sandbox/u/restart');
    expect((await server.execute('u', SHOWS_NAMES)).body.output).toBe(output);
  });

  it('has names in an image that has none, and a shell that is there', async () => {
    const image = 'clara-test-no-accounts:latest';
    const folder = await dataFolder();
    await writeFile(
      join(folder, 'Dockerfile'),
      `FROM ${process.env.CLARA_TEST_IMAGE ?? 'clara-sandbox:latest'}\nUSER 0\nRUN rm /etc/passwd /etc/group && ln -s /nowhere /etc/group\n`,
    );
    await run('docker', ['build', '-q', '-t', image, folder]);
    closers.push(() => run('docker', ['rmi', image]));
    const server = await start({ SANDBOX_DOCKER_IMAGE: image });
    const { body } = await server.shell('u', 'whoami; id -gn; echo ~sandbox; getent passwd root');
    expect(body.output).toBe('user\nuser\n/home/user\nroot:x:0:0:root:/root:/bin/sh\n');
  });

  it.each(KINDS)('owns its files on this machine, with %s, and no other sandbox does', async (_, variables) => {
    const server = await start(variables);
    for (const user of ['u', 'v'])
      await server.shell(user, 'mkdir -p a/b; echo private > a/b/c; chmod 755 a a/b; pip list >/dev/null');
    const [one, other] = [await uidOf(server.dataDir, 'u'), await uidOf(server.dataDir, 'v')];
    expect(one).not.toBe(other);
    const disk = 'SANDBOX_DISK_MECHANISM' in variables ? '' : 'disk';
    const workspace = join(folderOf(server.dataDir, 'u'), disk, 'workspace');
    expect(await ownersIn(workspace)).toEqual([`${one}:${one}`]);
    expect(await ownersIn(join(workspace, '..', 'packages'))).toEqual([`${one}:${one}`]);
    await chmod(server.dataDir, 0o755);
    const readAs = (uid: number) =>
      run('setpriv', [
        '--reuid',
        `${uid}`,
        '--regid',
        `${uid}`,
        '--clear-groups',
        'cat',
        join(workspace, 'a', 'b', 'c'),
      ]);
    await expect(readAs(other)).rejects.toMatchObject({ stderr: expect.stringMatching(/Permission denied/) });
    expect((await readAs(one)).stdout).toBe('private\n');
  });

  it('is none of the users of another server on this machine', async () => {
    const [first, second] = [await start(), await start()];
    await first.shell('u', 'true');
    await second.shell('u', 'true');
    const [one, other] = [await uidOf(first.dataDir, 'u'), await uidOf(second.dataDir, 'u')];
    const instances = await Promise.all(
      [first, second].map(({ dataDir }) => readFile(join(dataDir, 'instance'), 'utf8')),
    );
    const [a = 0, b = 0] = instances.map((instance) => Number.parseInt(instance, 16) % 4_094);
    expect(Math.floor((one - 1_879_048_192) / 65_536)).toBe(a);
    expect(Math.floor((other - 1_879_048_192) / 65_536)).toBe(b);
  });
});

describe('a server that cannot give files to the users of sandboxes', () => {
  it.each([
    [
      'in a user namespace without them, and names the variable',
      ['unshare', '--user', '--map-root-user', '--'],
      /^SANDBOX_UID_RANGE \(2000-60000\) does not work here\. .* has no user 2000: /,
    ],
    [
      'without the right to, and says who has it',
      ['setpriv', '--bounding-set=-chown', '--inh-caps=-chown', '--'],
      /^The server may not give folders to the users of sandboxes \(EPERM\): start it as root/,
    ],
  ])('does not start %s', async (_, [program = '', ...argv], sentence) => {
    const own = { SANDBOX_API_KEY: 'key-for-these-tests', SANDBOX_API_PORT: '0', SANDBOX_DATA_DIR: await dataFolder() };
    const command = [...argv, process.execPath, '--import', 'tsx', 'src/main.ts'];
    await expect(run(program, command, { env: { ...process.env, ...own } })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(sentence),
    });
  });
});

describe.each(KINDS)('the files of an earlier version, in %s', (_, variables, isImage) => {
  const CROWD =
    'mkdir -p deep/er "with\nnewline" shared; echo kept > deep/er/file; echo x > "with\nnewline/-n"; ln deep/er/file twice; echo x > suid; echo x > sgid; echo x > locked; mkfifo pipe; pip list > /packages/brought';
  const SET_ID = { suid: '4755', sgid: '2755', locked: '6644', shared: '2775' };

  /** Those of one that ran and was stopped, and a file outside that a link in it leads to. */
  async function older(): Promise<{ dataDir: string; outside: string }> {
    const dataDir = await dataFolder();
    const outside = join(dataDir, 'outside');
    await writeFile(outside, 'of root');
    await chmod(outside, 0o4711);
    const server = await startRealServer({ ...variables, SANDBOX_DATA_DIR: dataDir });
    await server.shell('u', CROWD);
    await server.call('POST', '/sandbox/u/stop');
    await server.leave();
    await withFiles(folderOf(dataDir, 'u'), isImage, async (workspace) => {
      await symlink(outside, join(workspace, 'link'));
      await symlink('/etc', join(workspace, 'deep', 'folder'));
    });
    await makeOlder(folderOf(dataDir, 'u'), isImage, SET_ID);
    return { dataDir, outside };
  }

  async function expectGiven(server: RealServer, outside: string): Promise<void> {
    // A create waits for longer than a call.
    expect((await server.call('POST', '/sandbox/u/create')).status).toBe(200);
    const seen = await server.shell(
      'u',
      'cat deep/er/file; echo more >> deep/er/file; cat twice; ls /packages/brought; stat -c %a suid sgid locked shared',
    );
    expect(seen.body).toMatchObject({
      success: true,
      output: 'kept\nkept\nmore\n/packages/brought\n755\n755\n644\n775\n',
    });
    const uid = await uidOf(server.dataDir, 'u');
    const workspace = join(folderOf(server.dataDir, 'u'), isImage ? 'disk/workspace' : 'workspace');
    expect(await ownersIn(workspace)).toEqual([`${uid}:${uid}`]);
    expect(await ownersIn(join(workspace, '..', 'packages'))).toEqual([`${uid}:${uid}`]);
    expect((await run('find', [workspace, '-perm', '/6000'])).stdout).toBe('');
    const { uid: owner, mode } = await lstat(outside);
    expect([owner, mode & 0o7777]).toEqual([0, 0o4711]);
    expect((await stat('/etc/passwd')).uid).toBe(0);
    const left = await run('find', [folderOf(server.dataDir, 'u'), '-name', '*.giving']);
    expect(left.stdout).toBe('');
  }

  it('are given to its user at the next start, links and what they lead to aside, without set-id bits', async () => {
    const { dataDir, outside } = await older();
    const server = await start({ ...variables, SANDBOX_DATA_DIR: dataDir });
    await expectGiven(server, outside);
  });

  const steps = ['after fs.rename uid', 'before run chown', 'before run chmod', 'before fs.rm packages.giving'];
  it.each(isImage ? steps : ['before run chmod'])(
    'are given by the next server where one was killed in between: %s',
    async (CRASH_AT) => {
      const { dataDir, outside } = await older();
      const own = { ...variables, SANDBOX_DATA_DIR: dataDir, SANDBOX_DOCKER_RUNTIME: RUNTIME };
      const killed = await startServerProcess(own, 'test/support/crashing-server.ts');
      const answered = once(killed.child, 'message');
      killed.child.send(CRASH_AT);
      await answered;
      const exited = once(killed.child, 'exit');
      await expect(killed.call('POST', '/sandbox/u/create')).rejects.toThrow();
      await exited;
      expect(killed.child.signalCode).toBe('SIGKILL');
      await expectGiven(await start({ ...variables, SANDBOX_DATA_DIR: dataDir }), outside);
    },
  );
});

describe('a file of somebody else that has a name in a plain folder', () => {
  it('is given to nobody, and keeps the sandbox from starting until it is gone', async () => {
    const variables = { SANDBOX_DISK_MECHANISM: 'measure', SANDBOX_DATA_DIR: await dataFolder() };
    const first = await startRealServer(variables);
    await first.shell('u', 'echo kept > file; ln file twice');
    await first.call('POST', '/sandbox/u/stop');
    await first.leave();
    const folder = folderOf(first.dataDir, 'u');
    await makeOlder(folder, false);
    const outside = join(first.dataDir, 'outside');
    await writeFile(outside, 'of root');
    await link(outside, join(folder, 'workspace', 'planted'));
    const server = await start(variables);
    const refused = await server.call('POST', '/sandbox/u/create');
    expect(refused.status).toBe(503);
    expect(refused.body.error).toMatch(/not all given to its user/);
    expect(refused.body.error).not.toContain(first.dataDir);
    expect((await lstat(outside)).uid).toBe(0);
    await run('rm', [join(folder, 'workspace', 'planted')]);
    expect((await server.shell('u', 'cat file twice')).body.output).toBe('kept\nkept\n');
  });
});
