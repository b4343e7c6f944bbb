import { describe, expect, it } from 'vitest';
import { toFacts } from '../../../../src/engines/docker/facts.ts';
import { requireFilter } from '../../../../src/engines/docker/seccomp.ts';
import { mapsUsers, toHostUser } from '../../../../src/engines/docker/users.ts';

const MACHINE = '         0          0 4294967295\n';
const ROOTLESS = '         0       1001          1\n         1     165536      65536\n';

const USER = { uid: 1000, gid: 1000 };

const facts = (options: readonly string[] | null, rootDir = '/var/lib/docker', more = {}) =>
  toFacts({
    ServerVersion: '20.10.24',
    NCPU: 2,
    MemTotal: 1024,
    DockerRootDir: rootDir,
    Runtimes: { runc: {} },
    SecurityOptions: options,
    ...more,
  });

describe('the filters of system calls that a Docker engine can hold', () => {
  it.each([
    ['of 20.10', ['name=seccomp,profile=default'], ['strict', 'engine']],
    ['since 23', ['name=apparmor', 'name=seccomp,profile=builtin', 'name=cgroupns'], ['strict', 'engine']],
    ["with the operator's profile", ['name=seccomp,profile=/etc/docker/seccomp.json'], ['strict', 'engine']],
    ['that filters nothing by default', ['name=seccomp,profile=unconfined'], ['strict']],
    ['without seccomp', ['name=apparmor'], []],
    ['that says nothing', null, []],
  ])('one %s', (_, options, filters) => {
    expect(facts(options).info.seccomp).toEqual(filters);
  });

  it('are all that a container may be made with', () => {
    expect(() => requireFilter(['strict'], 'strict')).not.toThrow();
    expect(() => requireFilter(['strict'], 'engine')).toThrow(
      /SANDBOX_DOCKER_SECCOMP=engine does not work.*daemon\.json/,
    );
    expect(() => requireFilter([], 'strict')).toThrow(/SANDBOX_DOCKER_SECCOMP=strict does not work.*its kernel/);
  });
});

it.each([
  [['name=seccomp,profile=builtin', 'name=userns'], {}, true],
  [['name=selinux'], {}, false],
  [['name=rootless'], {}, false],
  [[], { LiveRestoreEnabled: true }, false],
])('an engine with %j and %j limits terminals by a volume: %s', (options, more, limitsTerminals) => {
  expect(facts(options, '/var/lib/docker', more)).toMatchObject({ limitsTerminals });
});

describe('the limits that a Docker engine does not hold', () => {
  it('are those that it says it lacks', () => {
    const plain = { ServerVersion: '29.0.0', NCPU: 2, MemTotal: 1024, DockerRootDir: '/var/lib/docker' };
    expect(toFacts(plain).info.unlimited).toEqual([]);
    const all = { MemoryLimit: true, CpuCfsQuota: true, PidsLimit: true };
    expect(toFacts({ ...plain, ...all }).info.unlimited).toEqual([]);
    const none = { MemoryLimit: false, CpuCfsQuota: false, PidsLimit: false };
    expect(toFacts({ ...plain, ...none }).info.unlimited).toEqual(['memory', 'CPU', 'processes']);
  });
});

describe("a sandbox's user on the machine of a Docker engine", () => {
  it('is the same on a plain engine', () => {
    expect(toHostUser(facts(['name=seccomp,profile=default']).users, MACHINE, USER)).toEqual(USER);
  });

  it('is the one that the range of userns-remap gives it, which the data folder is named after', () => {
    const { users } = facts(['name=userns'], '/var/lib/docker/165536.231072');
    expect(toHostUser(users, MACHINE, USER)).toEqual({ uid: 166_536, gid: 232_072 });
  });

  it('is refused where nothing tells it', () => {
    expect(() => toHostUser(facts(['name=userns']).users, MACHINE, USER)).toThrow(/userns-remap.*does not say/);
  });

  it('is the same on a rootless engine for a server in such a namespace, and refused outside of one', () => {
    const { users } = facts(['name=rootless', 'name=cgroupns'], '/home/u/.local/share/docker');
    expect(toHostUser(users, ROOTLESS, USER)).toEqual(USER);
    expect(() => toHostUser(users, MACHINE, USER)).toThrow(/rootless.*unshare --map-root-user --map-auto/);
  });

  it('is refused where this process knows no such user, as in a namespace with one user or with too few', () => {
    const rootless = facts(['name=rootless']).users;
    const one = '         0       1001          1\n';
    expect(() => toHostUser(rootless, one, USER)).toThrow(/no user 1000: it needs a larger range in \/etc\/subuid/);
    const nested = '         0     100000      65536\n';
    const same = facts(['name=seccomp,profile=default']).users;
    expect(toHostUser(same, nested, { uid: 65_535, gid: 65_535 })).toEqual({ uid: 65_535, gid: 65_535 });
    expect(() => toHostUser(same, nested, { uid: 65_536, gid: 65_536 })).toThrow(/no user 65536/);
    const { users } = facts(['name=userns'], '/var/lib/docker/65000.65000');
    expect(() => toHostUser(users, nested, USER)).toThrow(/no user 66000/);
  });

  it('is one of few where the engine maps users, or is itself where they are mapped', () => {
    const same = facts(['name=seccomp,profile=default']).users;
    expect(mapsUsers(same, MACHINE)).toBe(false);
    expect(mapsUsers(same, ROOTLESS)).toBe(true);
    expect(mapsUsers(facts(['name=userns'], '/var/lib/docker/165536.231072').users, MACHINE)).toBe(true);
    expect(mapsUsers(facts(['name=rootless']).users, ROOTLESS)).toBe(true);
  });
});
