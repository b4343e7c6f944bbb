import { describe, expect, it } from 'vitest';
import { toSeccompProfile } from '../../src/engines/docker/seccomp.ts';

interface Rule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly { readonly index: number; readonly value: number; readonly valueTwo?: number }[];
}

const profile: { defaultAction: string; syscalls: Rule[] } = JSON.parse(toSeccompProfile());

const rulesOf = (name: string) => profile.syscalls.filter(({ names }) => names.includes(name));

const isSocketAllowed = (family: number, protocol: number) =>
  rulesOf('socket').some(({ args = [] }) =>
    args.every(({ index, value }) => value === (index === 0 ? family : protocol)),
  );

describe('the list of system calls', () => {
  it('refuses what it does not name, and names each call once or with arguments', () => {
    expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO');
    const plain = profile.syscalls.filter(({ args }) => !args).flatMap(({ names }) => names);
    expect(new Set(plain).size).toBe(plain.length);
    for (const name of plain) expect(rulesOf(name)).toHaveLength(1);
    for (const { action, errnoRet } of profile.syscalls)
      expect([action, errnoRet]).toBeOneOf([
        ['SCMP_ACT_ALLOW', undefined],
        ['SCMP_ACT_ERRNO', 38],
      ]);
  });

  it.each([
    ...[
      'io_uring_setup',
      'io_uring_enter',
      'io_uring_register',
      'userfaultfd',
      'keyctl',
      'add_key',
      'request_key',
      'bpf',
    ],
    ...[
      'perf_event_open',
      'mount',
      'umount2',
      'fsopen',
      'open_tree',
      'move_mount',
      'mount_setattr',
      'pivot_root',
      'chroot',
    ],
    ...['unshare', 'setns', 'kexec_load', 'kexec_file_load', 'init_module', 'finit_module', 'delete_module', 'reboot'],
    ...[
      'name_to_handle_at',
      'open_by_handle_at',
      'process_vm_readv',
      'process_vm_writev',
      'pidfd_getfd',
      'kcmp',
      'syslog',
    ],
    ...[
      'swapon',
      'acct',
      'quotactl',
      'settimeofday',
      'clock_settime',
      'iopl',
      'ioperm',
      'modify_ldt',
      'vmsplice',
      'mbind',
    ],
  ])('does not have %s', (name) => {
    expect(rulesOf(name)).toEqual([]);
  });

  it('lets clone make processes and threads, and no namespace', () => {
    const [rule, ...others] = rulesOf('clone');
    expect(others).toEqual([]);
    const [flags] = rule?.args ?? [];
    const namespaces = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000];
    for (const namespace of namespaces) expect((flags?.value ?? 0) & namespace).toBe(namespace);
    const THREAD = 0x3d0f00;
    expect((flags?.value ?? 0) & THREAD).toBe(flags?.valueTwo);
  });

  it('lets debuggers trace only where tracing is no way around it', () => {
    const includes = { minKernel: '4.8' };
    expect(rulesOf('ptrace')).toEqual([{ names: ['ptrace'], action: 'SCMP_ACT_ALLOW', includes }]);
  });

  it.each(['clone3', 'io_setup'])('answers %s as a kernel without it, so that programs do without', (name) => {
    expect(rulesOf(name)).toMatchObject([{ action: 'SCMP_ACT_ERRNO', errnoRet: 38 }]);
  });

  it.each([
    ['a Unix socket', 1, 0, true],
    ['TCP', 2, 6, true],
    ['UDP over IPv6', 10, 17, true],
    ["the machine's routes", 16, 0, true],
    ["the firewall's netlink", 16, 12, false],
    ['SCTP', 2, 132, false],
    ['a packet socket', 17, 768, false],
    ['a cipher', 38, 0, false],
    ["the hypervisor's sockets", 40, 0, false],
    ['XDP', 44, 0, false],
  ])('on %s (family %i, protocol %i): allowed %s', (_, family, protocol, isAllowed) => {
    expect(isSocketAllowed(family, protocol)).toBe(isAllowed);
  });
});
