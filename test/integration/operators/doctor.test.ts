import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { until } from '../../support/until.ts';

const run = promisify(execFile);

const GOOD_KEY = '4f1c0de8a7b35296d01bd0c3f7e2a9b6';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-doctor-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function doctor(
  settings: string,
  mode = 0o600,
  before: readonly string[] = [],
): Promise<{ code: number; text: string }> {
  const file = join(folder, 'settings');
  await writeFile(file, settings);
  await chmod(file, mode);
  const port = settings.includes('SANDBOX_API_PORT') ? '' : String(await freePort());
  const options = {
    cwd: new URL('../../../', import.meta.url),
    env: { PATH: process.env.PATH, ...(port === '' ? {} : { SANDBOX_API_PORT: port }) },
  };
  try {
    const [program = '', ...argv] = [...before, process.execPath, 'scripts/doctor.mjs', file];
    return { code: 0, text: (await run(program, argv, options)).stdout };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'stdout' in error)) throw error;
    return { code: Number(error.code), text: String(error.stdout) };
  }
}

async function listen(): Promise<{ port: string; close(): Promise<void> }> {
  const server = createServer((_, response) => response.end('somebody else'));
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as AddressInfo;
  return { port: String(port), close: () => new Promise((resolve) => server.close(() => resolve())) };
}

const good = (more = '') => `SANDBOX_API_KEY=${GOOD_KEY}\nSANDBOX_DATA_DIR=${folder}/data\n${more}`;

describe('npm run doctor', () => {
  it('finds nothing that fails where all is in order, and never shows the key', async () => {
    const { code, text } = await doctor(good('SANDBOX_MAX_CONTAINERS=1'));
    expect(text).not.toMatch(/^fail/m);
    expect(code).toBe(0);
    const checks = [
      'variables',
      'settings',
      'address',
      'key',
      'settings file',
      'engine',
      'cgroups',
      'runtime',
      'seccomp',
      'limits',
      'socket memory',
      'rights',
      'service',
      'memory',
    ];
    for (const what of [
      ...checks,
      'io_uring',
      'users',
      'shared counts',
      'swap',
      'image',
      'permitted images',
      'clock',
      'port',
      'data folder',
      'free disk',
      'disk limit',
    ])
      expect(text).toMatch(new RegExp(`^(ok|warn) +${what}: `, 'm'));
    expect(text).not.toContain(GOOD_KEY);
    // What the server's own code tells, which is there once it is built.
    expect(text).toMatch(/^ok +variables: All names are those/m);
    expect(text).toMatch(/^ok +settings: All variables have values/m);
  });

  it('has nothing to blame before there are settings', async () => {
    const { code, text } = await doctor(`SANDBOX_DATA_DIR=${folder}/data`);
    expect(text).toMatch(/^ok +key: There is none yet; npm run up makes one/m);
    expect(code).toBe(0);
  });

  it.each([
    ['a short key', 'SANDBOX_API_KEY=short', /^fail +key: .*too short/m],
    [
      'a runtime that is not there',
      'SANDBOX_DOCKER_RUNTIME=nothing',
      /^fail +runtime: The engine has no runtime nothing/m,
    ],
    ['an image that is not there', 'SANDBOX_DOCKER_IMAGE=absent:1', /^fail +image: absent:1 is not on this machine/m],
    [
      'more memory than there is',
      'SANDBOX_DOCKER_MEMORY=900t\nSANDBOX_DOCKER_MEMORY_MAX=900t',
      /^fail +memory: .*\n +To mend: Set SANDBOX_DOCKER_MEMORY to less than this machine has\.$/m,
    ],
    [
      'a file in the place of the data folder',
      'SANDBOX_DATA_DIR=/etc/passwd',
      /^fail +data folder: \/etc\/passwd is no folder\.\n +To mend: Set SANDBOX_DATA_DIR/m,
    ],
    ['no engine', 'DOCKER_HOST=unix:///nowhere/engine.sock', /^fail +engine: No Docker engine answers/m],
    ['a reserve beyond the disk', 'SANDBOX_DISK_RESERVE=900t', /^fail +free disk: /m],
    ['a data folder in memory', 'SANDBOX_DATA_DIR=/dev/shm/sandboxes', /^fail +free disk: .* is memory/m],
    [
      'a disk service that is away',
      'SANDBOX_DISK_SERVICE=/nowhere/socket',
      /^fail +disk limit: .* where no disk service answers/m,
    ],
    [
      'a name that no variable has',
      'SANDBOX_EGRESS_DENNY=x',
      /^fail +variables: SANDBOX_EGRESS_DENNY, which is set in .*, is no variable .* the nearest is SANDBOX_EGRESS_DENY\./m,
    ],
    ['a port that is none', 'SANDBOX_API_PORT=99999', /^fail +port: /m],
  ])('fails for %s and says how to mend it', async (_, setting, line) => {
    const { code, text } = await doctor(good(setting));
    expect(text).toMatch(line);
    expect(text).toMatch(/^fail .*\n +To mend: /m);
    expect(code).toBe(1);
  });

  it.each([
    ['absent:1,team/*', /^warn +permitted images: A create may name absent:1, which the engine does not have\./m],
    ['*', /^warn +permitted images: .* every image .*\n +To mend: Name those/m],
    ['team/*', /^ok +permitted images: A create may name the configured image and team\/\*\.$/m],
  ])('says which images a create may name, with SANDBOX_DOCKER_IMAGES=%s', async (images, finding) => {
    expect((await doctor(good(`SANDBOX_DOCKER_IMAGES=${images}`))).text).toMatch(finding);
  });

  it('says which system calls sandboxes make', async () => {
    const { text } = await doctor(good());
    expect(text).toMatch(/^ok +seccomp: strict: /m);
    expect(text).toMatch(/^ok +io_uring: Out of reach of sandboxes/m);
    const { text: loose } = await doctor(good('SANDBOX_DOCKER_SECCOMP=engine'));
    expect(loose).toMatch(/^warn +seccomp: engine: .* the engine's profile \((default|builtin)\)/m);
  });

  it('warns of keys that travel in clear where other machines reach the server', async () => {
    const { text } = await doctor(good());
    expect(text).toMatch(/^warn +address: Other machines reach the server at 0\.0\.0\.0, by plain HTTP/m);
    expect(text).toMatch(/SANDBOX_API_HOST=127\.0\.0\.1, or put HTTPS in front/);
    const { text: closed } = await doctor(good('SANDBOX_API_HOST=127.0.0.1'));
    expect(closed).toMatch(/^ok +address: /m);
  });

  it('fails in a user namespace that does not have the users of sandboxes', async () => {
    const before = ['unshare', '--user', '--map-root-user', '--'];
    const { code, text } = await doctor(good(), 0o600, before);
    expect(text).toMatch(
      /^fail +users: This user namespace has no user 60000, .* The server will not start\.\n +To mend: /m,
    );
    expect(code).toBe(1);
    const { text: explicit } = await doctor(good('SANDBOX_UID_RANGE=70000-80000'), 0o600, before);
    expect(explicit).toMatch(/^fail +users: This user namespace has no user 80000/m);
  });

  it('tells the users of sandboxes, and whom they are besides', async () => {
    const { text } = await doctor(good('SANDBOX_UID_RANGE=900000-999999'));
    expect(text).toMatch(/^ok +users: Each sandbox is a user of its own, from 900000 to 999999/m);
    const { text: few } = await doctor(good('SANDBOX_UID_RANGE=900000-900009\nSANDBOX_MAX_CONTAINERS=11'));
    expect(few).toMatch(/^warn +users: .* less than SANDBOX_MAX_CONTAINERS \(11\)/m);
  });

  it('warns of a key that can be guessed and of sandboxes that outgrow the memory', async () => {
    const { text } = await doctor(good('SANDBOX_API_KEY=password1\nSANDBOX_MAX_CONTAINERS=9999'));
    expect(text).toMatch(/^warn +key: SANDBOX_API_KEY can be guessed/m);
    expect(text).toMatch(/^warn +memory: 9999 sandboxes/m);
    expect(text).toMatch(/Set SANDBOX_MAX_CONTAINERS to \d+ or less/);
  });

  it('fails for settings that other users can read, and for a data folder that they can change', async () => {
    await mkdir(join(folder, 'data'));
    await chmod(join(folder, 'data'), 0o777);
    const { code, text } = await doctor(good(), 0o644);
    expect(text).toMatch(/^fail +settings file: .* mode 644/m);
    expect(text).toMatch(/chmod 600/);
    expect(text).toMatch(/^fail +data folder: .* can be changed by other users/m);
    expect(code).toBe(1);
  });

  it('tells a port that another program has from one that the server has', async () => {
    const other = await listen();
    try {
      const { text } = await doctor(good(`SANDBOX_API_PORT=${other.port}`));
      expect(text).toMatch(/^fail +port: \d+ is taken by another program/m);
    } finally {
      await other.close();
    }
    const server: RealServer = await startRealServer();
    try {
      const { port } = new URL(server.url);
      const { text } = await doctor(good(`SANDBOX_API_HOST=127.0.0.1\nSANDBOX_API_PORT=${port}`));
      expect(text).toMatch(/^ok +port: \d+ is this server's/m);
      expect(text).toMatch(/^ok +server: It runs, version 0\.0\.0-test, and warns of nothing/m);
    } finally {
      await server.close();
    }
  });

  it('says what a server that runs warns of', async () => {
    const server = await startRealServer({
      SANDBOX_DOCKER_IMAGE: 'absent:1',
      SANDBOX_DISK_RESERVE: '900t',
      // Another runtime would be tried at the start, with that image.
      SANDBOX_DOCKER_RUNTIME: 'runc',
    });
    try {
      await until('the server warns', async () => Boolean((await server.call('GET', '/health')).body.warnings));
      const { port } = new URL(server.url);
      const { text } = await doctor(good(`SANDBOX_API_HOST=127.0.0.1\nSANDBOX_API_PORT=${port}`));
      expect(text).toMatch(/^warn +server: The image of new sandboxes is not on this machine/m);
      expect(text).toMatch(/^warn +server: .* less free than SANDBOX_DISK_RESERVE/m);
    } finally {
      await server.close();
    }
  });

  it('finds a server that has the data folder and listens elsewhere than the settings say', async () => {
    const server = await startRealServer();
    try {
      const { code, text } = await doctor(`SANDBOX_API_KEY=${GOOD_KEY}\nSANDBOX_DATA_DIR=${server.dataDir}`);
      expect(text).toMatch(
        /^fail +other server: Another server has \S+, .*\n +To mend: fuser -v \S+ names its process/m,
      );
      expect(code).toBe(1);
      const { port } = new URL(server.url);
      const known = `SANDBOX_DATA_DIR=${server.dataDir}\nSANDBOX_API_HOST=127.0.0.1\nSANDBOX_API_PORT=${port}`;
      expect((await doctor(known)).text).toMatch(/^ok +other server: /m);
      expect((await server.call('GET', '/health')).body).toMatchObject({ status: 'healthy' });
    } finally {
      await server.close();
    }
  });

  it('tells a data folder that was moved from a copy of one that is still there', async () => {
    const [here, before] = [join(folder, 'data'), join(folder, 'before')];
    const place = async () => (await doctor(good())).text;
    for (const path of [here, before]) await mkdir(path);
    await writeFile(join(here, 'instance'), '0123456789ab');
    await writeFile(join(here, 'place'), before);
    expect(await place()).toMatch(/^ok +place: \S+data was \S+before\. /m);
    await writeFile(join(before, 'instance'), '0123456789ab');
    expect(await place()).toMatch(/^warn +place: \S+data is a copy of \S+before, which is still there/m);
    await writeFile(join(here, 'place'), here);
    expect(await place()).toMatch(/^ok +place: \S+data is where it was\.$/m);
  });
});
