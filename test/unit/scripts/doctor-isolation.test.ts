import { describe, expect, it } from 'vitest';

const { checkIsolation, judgeTerminals } = await import(
  new URL('../../../scripts/lib/doctor/isolation.mjs', import.meta.url).href
);

interface Engine {
  readonly options: readonly string[];
  readonly version?: string;
  readonly rootDir?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Finding {
  readonly level: string;
  readonly what: string;
  readonly means: string;
}

/** What the script's module finds about an engine, by what was looked at. */
async function findings({ options, version = '29.0.0', rootDir = '/var/lib/docker', env = {} }: Engine) {
  const info = { ServerVersion: version, SecurityOptions: options, DockerRootDir: rootDir };
  const found: readonly Finding[] = await checkIsolation(info, env);
  return Object.fromEntries(found.map(({ what, level, means }) => [what, `${level}: ${means}`]));
}

describe('what npm run doctor says of isolation', () => {
  it.each(['default', 'unconfined'])(
    'is in order with the list of this project, on an engine that filters: %s',
    async (profile) => {
      const found = await findings({ options: [`name=seccomp,profile=${profile}`], version: '20.10.24' });
      expect(found.seccomp).toMatch(/^ok: strict/);
      expect(found.io_uring).toMatch(/^ok: Out of reach/);
    },
  );

  it.each([
    ['without seccomp', [], {}, /^fail: .* The server will not start/],
    ['that filters nothing', ['name=seccomp,profile=unconfined'], { SANDBOX_DOCKER_SECCOMP: 'engine' }, /^fail: /],
    [
      'with its own filter',
      ['name=seccomp,profile=builtin'],
      { SANDBOX_DOCKER_SECCOMP: 'engine' },
      /^warn: engine: .* can attach programs in the kernel/,
    ],
    [
      'with its own filter under gVisor',
      ['name=seccomp,profile=builtin'],
      { SANDBOX_DOCKER_SECCOMP: 'engine', SANDBOX_DOCKER_RUNTIME: 'runsc' },
      /^ok: engine: gVisor/,
    ],
  ])('of an engine %s', async (_, options, env, finding) => {
    expect((await findings({ options, env })).seccomp).toMatch(finding);
  });

  it('tells who the users of sandboxes are', async () => {
    const rootDir = '/var/lib/docker/100000.100000';
    const plain = (await findings({ options: [], env: { SANDBOX_UID_RANGE: '900000-999999' } })).users;
    expect(plain).toMatch(/^(ok: Each sandbox is a user of its own, from 900000 to 999999|fail: .* only root)/);
    expect((await findings({ options: ['name=userns'], rootDir })).users).toMatch(/userns-remap is on/);
    expect((await findings({ options: ['name=userns'] })).users).toMatch(/^fail: userns-remap is on/);
    expect((await findings({ options: ['name=rootless'] })).users).toMatch(/: The engine is rootless/);
  });

  it('warns of fewer than there may be sandboxes', async () => {
    const env = { SANDBOX_UID_RANGE: '900000-900009', SANDBOX_MAX_CONTAINERS: '11' };
    expect((await findings({ options: [], env })).users).toMatch(
      /^(warn: .* less than SANDBOX_MAX_CONTAINERS \(11\)|fail: )/,
    );
  });

  it('tells what the kernel counts for all sandboxes together', async () => {
    const unmapped = (await findings({ options: [] }))['shared counts'];
    expect(unmapped).toMatch(/^ok: /);
    const remapped = (await findings({ options: ['name=userns'] }))['shared counts'];
    expect(remapped).toMatch(/fs\.inotify\.max_user_instances|^ok: /);
  });

  it.each([
    [{ options: [] }, /only a part of them/],
    [{ options: ['name=selinux'] }, /can take all/],
    [{ options: [], env: { SANDBOX_DOCKER_RUNTIME: 'crun' } }, /can take all/],
  ])('sees in what an engine says, %j, whether the kernel limits terminals for each sandbox', async (engine, means) => {
    expect((await findings(engine)).terminals).toMatch(means);
  });

  it.each([
    [4096, {}, true, /^ok: There may be 4096 pseudo-terminals for all sandboxes together, .* only a part of them\.$/],
    [4096, {}, false, /^ok: There may be 4096 .* can take all: with SELinux, live-restore, .*\.$/],
    [1_048_576, {}, true, /^warn: .* a part of them; they are 24 GiB or more in all that no limit of memory counts\.$/],
    [1_048_576, { SANDBOX_DOCKER_RUNTIME: 'runsc' }, false, /^ok: .*gVisor has its own/],
  ])(
    'says of %i pseudo-terminals, with %j, limited for each: %s, what %s matches',
    (most, env, isLimited, expected) => {
      const { level, means } = judgeTerminals(most, env, isLimited);
      expect(`${level}: ${means}`).toMatch(expected);
    },
  );
});
