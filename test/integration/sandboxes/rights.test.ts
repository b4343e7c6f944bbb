import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRefused } from '../../support/refused-start.ts';

const run = promisify(execFile);

/** Nobody of this machine. */
const UID = 64_321;

const FREE_OF_NAMES = ['setpriv', `--reuid=${UID}`, `--regid=${UID}`];
const ALONE = [...FREE_OF_NAMES, '--clear-groups', '--'];

let parent: string;
const closers: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  parent = await realpath(await mkdtemp(join(tmpdir(), 'clara-rights-')));
  await chmod(parent, 0o755);
  closers.push(() => rm(parent, { recursive: true, force: true }));
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A data folder in a small file system of its own. */
async function mounted(type: 'ext4' | 'tmpfs', options: string): Promise<string> {
  const dataDir = join(parent, 'data');
  const image = join(parent, 'image');
  await mkdir(dataDir);
  if (type === 'tmpfs') await run('mount', ['-t', 'tmpfs', '-o', `size=16m,${options}`, 'none', dataDir]);
  else {
    await run('truncate', ['-s', '64M', image]);
    await run('mkfs.ext4', ['-q', image]);
    await run('mount', ['-t', type, '-o', `loop,${options}`, image, dataDir]);
  }
  closers.push(() => run('umount', ['-l', dataDir]));
  return dataDir;
}

/** The same in one that gives files to nobody: it refuses to, or says that it has and has not. */
async function ownerless(kind: 'refuse' | 'ignore'): Promise<string> {
  const dataDir = join(parent, 'data');
  await mkdir(dataDir);
  const program = spawn('python3', ['test/support/ownerless_fs.py', dataDir, kind], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  closers.push(async () => {
    const ended = once(program, 'exit');
    await run('umount', ['-l', dataDir]);
    await ended;
  });
  await once(program.stdout, 'data');
  return dataDir;
}

/** What the server says where it does not start, and what `npm run doctor` finds of rights. */
async function sayings(
  dataDir: string,
  { before = [], more = {} }: { before?: readonly string[]; more?: Readonly<Record<string, string>> } = {},
) {
  const variables = { SANDBOX_DATA_DIR: dataDir, ...more };
  const { code, sentence } = await startRefused(variables, before);
  const env = { PATH: process.env.PATH, SANDBOX_API_PORT: '1', ...variables };
  const [program = process.execPath, ...argv] = [...before, process.execPath, 'scripts/doctor.mjs', '/nowhere'];
  const options = { cwd: new URL('../../../', import.meta.url), env };
  const doctor = await run(program, argv, options).catch((error: { stdout: string }) => error);
  const found = [...doctor.stdout.matchAll(/^fail +rights: (.*)\n +To mend: \S/gm)].map((match) => match[1]);
  return { code, sentence, found };
}

describe('a server that is started by a user who is not root', () => {
  it.each([
    ['has a data folder of its own and the group of the engine', true],
    ['may use nothing of it', false],
  ])('and %s does not start, and doctor has the same words', async (_, isHelped) => {
    const dataDir = join(parent, 'data');
    await mkdir(dataDir, { mode: 0o700 });
    if (isHelped) await chown(dataDir, UID, UID);
    const group = isHelped ? ['--groups=docker', '--'] : ['--clear-groups', '--'];
    const { code, sentence, found } = await sayings(dataDir, { before: [...FREE_OF_NAMES, ...group] });
    expect(code).toBe(1);
    expect(sentence).toMatch(
      isHelped
        ? /^The server may not give folders .*: start it as root\./
        : /^The server may not use the data folder .*: start it as root\./,
    );
    expect(found).toContain(sentence);
  });

  it.each([
    ['docker', "the Docker engine's", (socket: string) => ({ DOCKER_HOST: `unix://${socket}` })],
    ['incus', "Incus'", (socket: string) => ({ INCUS_REMOTE: socket })],
  ] as const)('names the socket of %s where that is all that is closed to it', async (mode, whose, at) => {
    const before = [
      'setpriv',
      `--regid=${UID}`,
      '--clear-groups',
      '--bounding-set=-dac_override,-dac_read_search',
      '--inh-caps=-all',
      '--',
    ];
    const socket = join(parent, 'engine.sock');
    await run('python3', ['-c', `import socket; socket.socket(socket.AF_UNIX).bind(${JSON.stringify(socket)})`]);
    await chown(socket, UID, UID + 1);
    await chmod(socket, 0o600);
    // Where this machine has Incus too, `auto` would take that.
    const more = { SANDBOX_MODE: mode, SANDBOX_DISK_MECHANISM: 'measure', ...at(socket) };
    const { code, sentence, found } = await sayings(join(parent, 'data'), { before, more });
    expect(code).toBe(1);
    expect(sentence).toBe(`Permission denied: the server may not use ${whose} socket; run the server as root.`);
    expect(found).toEqual([sentence]);
  });

  it('cannot make a data folder either, and says who can', async () => {
    const { code, sentence } = await startRefused({ SANDBOX_DATA_DIR: join(parent, 'a', 'b') }, ALONE);
    expect([code, sentence]).toEqual([
      1,
      expect.stringMatching(/^The server may not use the data folder .*: start it as root/),
    ]);
  });
});

describe('a data folder on a file system', () => {
  it.each([
    ['that is read-only', 'ext4', 'ro', /^The data folder \S+ .* mounted read-only\. Mount it writable/],
    [
      'in memory',
      'tmpfs',
      'rw',
      /^The data folder \S+ is memory \(tmpfs\): .* Set SANDBOX_DATA_DIR to a folder on a disk/,
    ],
  ] as const)('%s is refused, and doctor has the same words', async (_, type, options, expected) => {
    const { code, sentence, found } = await sayings(await mounted(type, options));
    expect([code, sentence]).toEqual([1, expect.stringMatching(expected)]);
    expect(found).toEqual([sentence]);
  });

  it.each(['refuse', 'ignore'] as const)(
    'without owners (%s) is refused, and doctor has the same words',
    async (kind) => {
      const { code, sentence, found } = await sayings(await ownerless(kind));
      const expected =
        /^The data folder \S+ is on a file system \(fuse\.ownerless\) .* Set SANDBOX_DATA_DIR to .* ext4/;
      expect([code, sentence]).toEqual([1, expect.stringMatching(expected)]);
      expect(found).toEqual([sentence]);
    },
  );

  it('without programs is refused where disks are plain folders', async () => {
    const more = { SANDBOX_DISK_MECHANISM: 'measure' };
    const { code, sentence, found } = await sayings(await mounted('ext4', 'noexec'), { more });
    expect([code, sentence]).toEqual([
      1,
      expect.stringMatching(/^The data folder \S+ is mounted noexec, .* Mount it without noexec/),
    ]);
    expect(found).toEqual([sentence]);
  });
});
