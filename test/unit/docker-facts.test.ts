import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toFacts } from '../../src/engines/docker/facts.ts';
import { requireFilter } from '../../src/engines/docker/seccomp.ts';
import { toHostUser } from '../../src/engines/docker/users.ts';

const USER = { uid: 1000, gid: 1000 };

const facts = (options: readonly string[] | null, rootDir = '/var/lib/docker') =>
  toFacts({
    ServerVersion: '20.10.24',
    NCPU: 2,
    MemTotal: 1024,
    DockerRootDir: rootDir,
    Runtimes: { runc: {} },
    SecurityOptions: options,
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

describe("a sandbox's user on the machine of a Docker engine", () => {
  it('is the same on a plain engine', async () => {
    expect(await toHostUser(facts(['name=seccomp,profile=default']).users, USER)).toEqual(USER);
  });

  it('is the one that the range of userns-remap gives it, which the data folder is named after', async () => {
    const { users } = facts(['name=userns'], '/var/lib/docker/165536.231072');
    expect(await toHostUser(users, USER)).toEqual({ uid: 166_536, gid: 232_072 });
  });

  it('is refused where nothing tells it', async () => {
    await expect(toHostUser(facts(['name=userns']).users, USER)).rejects.toThrow(/userns-remap.*does not say/);
  });

  it('is the same on a rootless engine for a server in such a namespace, and refused outside of one', async () => {
    const isOutside = /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
    const user = toHostUser(facts(['name=rootless'], '/home/u/.local/share/docker').users, USER);
    if (isOutside) await expect(user).rejects.toThrow(/rootless.*unshare --map-root-user --map-auto/);
    else expect(await user).toEqual(USER);
  });
});
