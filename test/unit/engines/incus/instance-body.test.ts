import { describe, expect, it } from 'vitest';
import type { EngineSpec } from '../../../../src/engines/engine.ts';
import { toInstanceBody, toLimits } from '../../../../src/engines/incus/instance-body.ts';

const SPEC: EngineSpec = {
  name: 'clara-a-b',
  labels: { 'clara.instance': 'a' },
  image: 'clara-sandbox:latest',
  user: { uid: 2000, gid: 2001 },
  workdir: '/workspace',
  env: { MINE: 'yes' },
  memoryBytes: 256 * 2 ** 20,
  cpus: 0.5,
  pidsLimit: 64,
  mounts: [
    { source: '/data/a/workspace', target: '/workspace' },
    { source: '/data/a/passwd', target: '/etc/passwd', isReadOnly: true },
  ],
  tmpfs: [{ path: '/tmp', sizeBytes: 2 ** 20, mode: 0o1777 }],
  network: { mode: 'none' },
  runtime: 'runc',
  seccomp: 'strict',
};
const GROUND = {
  pool: 'fast',
  cpus: 2,
  fingerprint: 'f00d',
  project: 'default',
  environment: { PATH: '/bin', MINE: 'no' },
  hasOwnInit: true,
};

describe("Incus' form of a spec", () => {
  it('has a read-only root, no network card, and every mount as a device that keeps the users of its files', () => {
    const { devices, profiles } = toInstanceBody('clara-1', SPEC, GROUND);
    expect(profiles).toEqual([]);
    expect(devices).toEqual({
      root: { type: 'disk', pool: 'fast', path: '/', readonly: 'true' },
      mount0: { type: 'disk', source: '/data/a/workspace', path: '/workspace', shift: 'true' },
      mount1: { type: 'disk', source: '/data/a/passwd', path: '/etc/passwd', shift: 'true', readonly: 'true' },
    });
  });

  it("keeps name, labels and user, and the spec's environment before the image's", () => {
    const { config } = toInstanceBody('clara-1', SPEC, GROUND);
    expect(config).toMatchObject({
      'user.clara.name': 'clara-a-b',
      'user.clara.label.clara.instance': 'a',
      'user.clara.user': '2000:2001',
      'environment.PATH': '/bin',
      'environment.MINE': 'yes',
      'security.idmap.isolated': 'true',
      'limits.memory': '268435456B',
      'limits.memory.swap': 'false',
      'limits.cpu.allowance': '50ms/100ms',
      'limits.processes': '64',
    });
  });

  it('takes all rights from the first process and all that it starts', () => {
    const { config } = toInstanceBody('clara-1', SPEC, GROUND);
    const lines = (config as Record<string, string>)['raw.lxc']?.split('\n') ?? [];
    expect(lines).toEqual(
      expect.arrayContaining([
        'lxc.init.uid = 2000',
        'lxc.init.gid = 2001',
        'lxc.no_new_privs = 1',
        'lxc.cap.keep = none',
        'lxc.mount.entry = tmpfs tmp tmpfs rw,nosuid,nodev,size=1048576,nr_inodes=128,mode=1777,uid=2000,gid=2001,create=dir 0 0',
        'lxc.mount.entry = /dev/null proc/locks none bind,optional 0 0',
      ]),
    );
    expect((config as Record<string, string>)['raw.seccomp']).toMatch(/^2\nallowlist errno 1\n/);
    const open = toInstanceBody('clara-1', { ...SPEC, seccomp: 'engine' }, GROUND).config;
    expect(open).not.toHaveProperty('raw.seccomp');
  });

  it('is made of the image, with the first process that is in it', () => {
    const firstOf = (spec: EngineSpec, hasOwnInit: boolean) => {
      const { config } = toInstanceBody('clara-1', spec, { ...GROUND, hasOwnInit });
      return (config as Record<string, string>)['raw.lxc']?.match(/^lxc\.init\.cmd = .*$/m)?.[0];
    };
    expect(toInstanceBody('clara-1', SPEC, GROUND).source).toEqual({ type: 'image', fingerprint: 'f00d' });
    expect(firstOf(SPEC, true)).toBe('lxc.init.cmd = /usr/lib/clara/sandbox-init');
    expect(firstOf(SPEC, false)).toMatch(/^lxc\.init\.cmd = python3 -I -S -c [^ "']+$/);
  });

  it('gives other groups to the first process, which starts programs in them', () => {
    const { config } = toInstanceBody('clara-1', { ...SPEC, groups: [3000, 3001] }, GROUND);
    expect(config).toMatchObject({ 'user.clara.groups': '3000,3001' });
    const lines = ((config as Record<string, string>)['raw.lxc'] ?? '').split('\n');
    const [, digits = ''] =
      /hex\(0x([0-9a-f]+)\)/.exec(lines.find((line) => line.startsWith('lxc.init.cmd')) ?? '') ?? [];
    const program = Buffer.from(digits, 'hex').toString();
    expect(program).toMatch(/^import os; os\.setgroups\(\[3000, 3001\]\); os\.setgid\(2001\); os\.setuid\(2000\)\n/);
    expect(lines).toContain('lxc.cap.keep = setgid setuid');
  });

  it('is refused for a network card', () => {
    const bridge = { mode: 'bridge', name: 'x', pool: '10.0.0.0/16', nameservers: [] } as const;
    expect(() => toInstanceBody('clara-1', { ...SPEC, network: bridge }, GROUND)).toThrow(/no network card/);
  });

  it.each([
    [1, 4, '100ms/100ms'],
    [8, 2, '200ms/100ms'],
    [0.1, 2, '10ms/100ms'],
  ])('gives %d CPUs of %d as %s', (cpus, hostCpus, allowance) => {
    expect(toLimits({ memoryBytes: 1, cpus }, hostCpus)['limits.cpu.allowance']).toBe(allowance);
  });
});
