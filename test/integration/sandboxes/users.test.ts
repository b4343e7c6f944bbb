import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { dataFolder, folderOf } from '../../support/limited-disk.ts';
import { KINDS, ownersIn, startOwning, uidOf } from '../../support/sandbox-owners.ts';

const run = promisify(execFile);
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const start = (variables: Readonly<Record<string, string>> = {}) => startOwning(closers, variables);

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

import { plainProgram } from '../../support/plain-programs.ts';

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
    const folder = await dataFolder(closers);
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
    const workspace = join(folderOf({ dataDir: server.dataDir }, 'u'), disk, 'workspace');
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
    const own = {
      SANDBOX_API_KEY: 'key-for-these-tests',
      SANDBOX_API_PORT: '0',
      SANDBOX_DATA_DIR: await dataFolder(closers),
    };
    const command = [...argv, process.execPath, await plainProgram('src/main.ts')];
    await expect(run(program, command, { env: { ...process.env, ...own } })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(sentence),
    });
  });
});
