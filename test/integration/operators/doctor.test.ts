import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Doctor, GOOD_KEY, openDoctor } from '../../support/doctor.ts';

let doctor: Doctor;

beforeEach(async () => {
  doctor = await openDoctor();
});

afterEach(() => doctor.close());

describe('npm run doctor', () => {
  it('finds nothing that fails where all is in order, and never shows the key', async () => {
    const { code, text } = await doctor.look(doctor.good('SANDBOX_MAX_CONTAINERS=1'));
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
      'terminals',
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
    expect(text).not.toContain('not built yet');
  });

  it('has nothing to blame before there are settings', async () => {
    const { code, text } = await doctor.look(`SANDBOX_DATA_DIR=${doctor.folder}/data`);
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
    // Where this machine has Incus too, auto takes that.
    [
      'no engine',
      'SANDBOX_MODE=docker\nDOCKER_HOST=unix:///nowhere/engine.sock',
      /^fail +engine: No Docker engine answers/m,
    ],
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
    const { code, text } = await doctor.look(doctor.good(setting));
    expect(text).toMatch(line);
    expect(text).toMatch(/^fail .*\n +To mend: /m);
    expect(code).toBe(1);
  });

  it.each([
    ['absent:1,team/*', /^warn +permitted images: A create may name absent:1, which the engine does not have\./m],
    ['*', /^warn +permitted images: .* every image .*\n +To mend: Name those/m],
    ['team/*', /^ok +permitted images: A create may name the configured image and team\/\*\.$/m],
  ])('says which images a create may name, with SANDBOX_DOCKER_IMAGES=%s', async (images, finding) => {
    expect((await doctor.look(doctor.good(`SANDBOX_DOCKER_IMAGES=${images}`))).text).toMatch(finding);
  });

  it('says which system calls sandboxes make', async () => {
    const { text } = await doctor.look(doctor.good());
    expect(text).toMatch(/^ok +seccomp: strict: /m);
    expect(text).toMatch(/^ok +io_uring: Out of reach of sandboxes/m);
    const { text: loose } = await doctor.look(doctor.good('SANDBOX_DOCKER_SECCOMP=engine'));
    expect(loose).toMatch(/^warn +seccomp: engine: .* the engine's profile \((default|builtin)\)/m);
  });

  it('warns of keys that travel in clear where other machines reach the server', async () => {
    const { text } = await doctor.look(doctor.good());
    expect(text).toMatch(/^warn +address: Other machines reach the server at 0\.0\.0\.0, by plain HTTP/m);
    expect(text).toMatch(/SANDBOX_API_HOST=127\.0\.0\.1, or put HTTPS in front/);
    const { text: closed } = await doctor.look(doctor.good('SANDBOX_API_HOST=127.0.0.1'));
    expect(closed).toMatch(/^ok +address: /m);
  });

  it('fails in a user namespace that does not have the users of sandboxes', async () => {
    const before = ['unshare', '--user', '--map-root-user', '--'];
    const { code, text } = await doctor.look(doctor.good(), 0o600, before);
    expect(text).toMatch(
      /^fail +users: This user namespace has no user 60000, .* The server will not start\.\n +To mend: /m,
    );
    expect(code).toBe(1);
    const { text: explicit } = await doctor.look(doctor.good('SANDBOX_UID_RANGE=70000-80000'), 0o600, before);
    expect(explicit).toMatch(/^fail +users: This user namespace has no user 80000/m);
  });

  it('tells the users of sandboxes, and whom they are besides', async () => {
    const { text } = await doctor.look(doctor.good('SANDBOX_UID_RANGE=900000-999999'));
    expect(text).toMatch(/^ok +users: Each sandbox is a user of its own, from 900000 to 999999/m);
    const { text: few } = await doctor.look(doctor.good('SANDBOX_UID_RANGE=900000-900009\nSANDBOX_MAX_CONTAINERS=11'));
    expect(few).toMatch(/^warn +users: .* less than SANDBOX_MAX_CONTAINERS \(11\)/m);
  });

  it('warns of a key that can be guessed and of sandboxes that outgrow the memory', async () => {
    const { text } = await doctor.look(doctor.good('SANDBOX_API_KEY=password1\nSANDBOX_MAX_CONTAINERS=9999'));
    expect(text).toMatch(/^warn +key: SANDBOX_API_KEY can be guessed/m);
    expect(text).toMatch(/^warn +memory: 9999 sandboxes/m);
    expect(text).toMatch(/Set SANDBOX_MAX_CONTAINERS to \d+ or less/);
  });

  it('fails for settings that other users can read, and for a data folder that they can change', async () => {
    await mkdir(join(doctor.folder, 'data'));
    await chmod(join(doctor.folder, 'data'), 0o777);
    const { code, text } = await doctor.look(doctor.good(), 0o644);
    expect(text).toMatch(/^fail +settings file: .* mode 644/m);
    expect(text).toMatch(/chmod 600/);
    expect(text).toMatch(/^fail +data folder: .* can be changed by other users/m);
    expect(code).toBe(1);
  });
});
