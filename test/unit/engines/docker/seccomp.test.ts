import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { profile, verdictOf } from '../../../support/filter-verdict.ts';

const rulesOf = (name: string) => profile.syscalls.filter(({ names }) => names.includes(name));

const [ENOMEM, EINVAL, ENOSYS, EPROTONOSUPPORT, EAFNOSUPPORT] = [12, 22, 38, 93, 97];
const [UNIX, IPV4, IPV6, NETLINK] = [1, 2, 10, 16];
const [STREAM, DATAGRAM, RAW, SEQUENCED] = [1, 2, 3, 5];
const [SOL_SOCKET, TCP] = [1, 6];

describe('the list of system calls', () => {
  it('refuses what it does not name, and names a call without arguments once', () => {
    expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO');
    const plain = profile.syscalls.filter(({ args }) => !args || args.length === 0).flatMap(({ names }) => names);
    expect(new Set(plain).size).toBe(plain.length);
    for (const name of plain) expect(rulesOf(name)).toHaveLength(1);
    for (const { action, errnoRet } of profile.syscalls)
      expect([action, typeof errnoRet]).toBeOneOf([
        ['SCMP_ACT_ALLOW', 'undefined'],
        ['SCMP_ACT_ERRNO', 'number'],
      ]);
  });

  it.each(
    `io_uring_setup io_uring_enter io_uring_register userfaultfd keyctl add_key request_key bpf perf_event_open mount umount2 fsopen
    open_tree move_mount mount_setattr pivot_root chroot unshare setns kexec_load kexec_file_load init_module finit_module
    delete_module reboot name_to_handle_at open_by_handle_at process_vm_readv process_vm_writev pidfd_getfd kcmp syslog swapon acct
    quotactl settimeofday clock_settime iopl ioperm modify_ldt vmsplice mbind`.split(/\s+/),
  )('does not have %s', (name) => {
    expect(rulesOf(name)).toEqual([]);
  });

  it('lets clone make processes and threads, and no namespace', () => {
    const namespaces = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000];
    for (const namespace of namespaces) expect(verdictOf('clone', namespace | 17)).toBe('refused');
    expect(verdictOf('clone', 17)).toBe('allowed');
    expect(verdictOf('clone', 0x3d0f00)).toBe('allowed');
  });

  it('lets debuggers trace only where tracing is no way around it', () => {
    const includes = { minKernel: '4.8' };
    expect(rulesOf('ptrace')).toEqual([{ names: ['ptrace'], action: 'SCMP_ACT_ALLOW', includes }]);
  });

  it.each([
    ['clone3', ENOSYS],
    ['io_setup', ENOSYS],
    ['seccomp', EINVAL],
    ['syncfs', ENOSYS],
    ['memfd_secret', ENOSYS],
  ])('answers %s as a kernel without it, so that programs do without', (name, errno) => {
    expect(verdictOf(name)).toBe(errno);
  });
});

describe('sockets', () => {
  it.each([
    ['a Unix socket', UNIX, STREAM, 0, 'allowed'],
    ['a Unix socket of packets', UNIX, SEQUENCED, 0, 'allowed'],
    ['TCP', IPV4, STREAM, 6, 'allowed'],
    ['TCP that does not block and is closed on exec', IPV4, STREAM | 0x80800, 0, 'allowed'],
    ['UDP over IPv6', IPV6, DATAGRAM, 17, 'allowed'],
    ['ping', IPV4, DATAGRAM, 1, 'allowed'],
    ['a raw socket', IPV4, RAW, 1, 'refused'],
    ['a type that the kernel would look for', IPV4, SEQUENCED, 6, 'refused'],
    ['datagrams of TCP', IPV6, DATAGRAM, 6, 'refused'],
    ['flags that there are not', IPV4, STREAM | 0x40, 0, 'refused'],
    ['MPTCP', IPV4, STREAM, 262, EPROTONOSUPPORT],
    ["the firewall's netlink", NETLINK, RAW, 12, EAFNOSUPPORT],
    ['netlink of routes', NETLINK, RAW | 0x80000, 0, EAFNOSUPPORT],
    ['netlink of devices', NETLINK, DATAGRAM, 15, EAFNOSUPPORT],
    ['SCTP', IPV4, STREAM, 132, 'refused'],
    ['a packet socket', 17, RAW, 768, 'refused'],
    ['a cipher', 38, SEQUENCED, 0, 'refused'],
    ["the hypervisor's sockets", 40, STREAM, 0, 'refused'],
    ['XDP', 44, RAW, 0, 'refused'],
  ])('%s (family %i, type %i, protocol %i): %s', (_, family, type, protocol, verdict) => {
    expect(verdictOf('socket', family, type, protocol)).toBe(verdict);
  });

  it.each([
    ['SO_REUSEADDR', SOL_SOCKET, 2, 'allowed'],
    ['SO_RCVBUF', SOL_SOCKET, 8, 'allowed'],
    ['SO_REUSEPORT', SOL_SOCKET, 15, 'allowed'],
    ['TCP_NODELAY', TCP, 1, 'allowed'],
    ['IP_RECVERR', 0, 11, 'allowed'],
    ['IPV6_V6ONLY', 41, 26, 'allowed'],
    ['SO_ATTACH_FILTER', SOL_SOCKET, 26, 'refused'],
    ['SO_ATTACH_BPF', SOL_SOCKET, 50, 'refused'],
    ['SO_ATTACH_REUSEPORT_CBPF', SOL_SOCKET, 51, 'refused'],
    ['SO_ATTACH_REUSEPORT_EBPF', SOL_SOCKET, 52, 'refused'],
    ['SO_TIMESTAMPING', SOL_SOCKET, 37, 'refused'],
    ['SO_ZEROCOPY', SOL_SOCKET, 60, 'refused'],
    ['IP_ADD_MEMBERSHIP', 0, 35, 'refused'],
    ['IPT_SO_SET_REPLACE', 0, 64, 'refused'],
    ['IPV6_FLOWLABEL_MGR', 41, 32, 'refused'],
    ['TCP_MD5SIG', TCP, 14, 'refused'],
    ['TCP_ULP', TCP, 31, 'refused'],
    ['PACKET_FANOUT', 263, 18, 'refused'],
    ['NETLINK_ADD_MEMBERSHIP', 270, 1, 'refused'],
  ])('option %s (level %i, number %i): %s', (_, level, option, verdict) => {
    expect(verdictOf('setsockopt', 3, level, option)).toBe(verdict);
  });
});

describe('processes', () => {
  it.each([
    ['PR_SET_NAME', 15, 'allowed'],
    ['PR_SET_NO_NEW_PRIVS', 38, 'allowed'],
    ['PR_CAPBSET_DROP', 24, 'allowed'],
    ['PR_SET_PTRACER', 0x59616d61, 'allowed'],
    ['PR_SET_SECCOMP', 22, EINVAL],
    ['PR_SET_MM', 35, EINVAL],
    ['PR_SCHED_CORE', 62, EINVAL],
    ['PR_SET_MEMORY_MERGE', 67, EINVAL],
    ['an option of tomorrow', 4711, 'refused'],
  ])('prctl %s (%i): %s', (_, option, verdict) => {
    expect(verdictOf('prctl', option)).toBe(verdict);
  });
});

describe('what takes from the whole machine', () => {
  const [DONTNEED, MERGEABLE, POPULATE] = [4, 12, 23];

  it.each([
    ['private memory', 'mmap', [0, 4096, 3, 0x22], 'allowed'],
    ['memory of large pages', 'mmap', [0, 4096, 3, 0x4_0022], ENOMEM],
    ['memory of pages of 1 GiB', 'mmap', [0, 4096, 3, 0x7804_0022], ENOMEM],
    ['a file in memory', 'memfd_create', [1, 3], 'allowed'],
    ['a file of large pages', 'memfd_create', [1, 4], 'refused'],
    ['a segment', 'shmget', [0, 4096, 0o1600], 'allowed'],
    ['a segment of large pages', 'shmget', [0, 4096, 0o5600], 'refused'],
    ['memory that is not needed', 'madvise', [0, 4096, DONTNEED], 'allowed'],
    ['memory that is needed soon', 'madvise', [0, 4096, POPULATE], 'allowed'],
    ['memory to be merged', 'madvise', [0, 4096, MERGEABLE], EINVAL],
    ['a file that is needed', 'fadvise64', [3, 0, 0, 3], 'allowed'],
    ['a file that is not needed', 'fadvise64', [3, 0, 0, DONTNEED], 0],
    ['a lock', 'fcntl', [3, 6], 'allowed'],
    ['a lock of an open file', 'fcntl', [3, 37], EINVAL],
    ['the size of a pipe', 'fcntl', [3, 1031], 'allowed'],
    ['the window of a terminal', 'ioctl', [0, 0x5413], 'allowed'],
    ['the settings of a terminal', 'ioctl', [0, 0x802c_542a], 'allowed'],
    ['the line discipline of a terminal', 'ioctl', [0, 0x5423], EINVAL],
    ['bytes that wait in a socket', 'ioctl', [0, 0x541b], 'allowed'],
    ['the mark of urgent data', 'ioctl', [0, 0x8905], 'allowed'],
    ['the addresses of network cards', 'ioctl', [0, 0x8912], 'allowed'],
    ['what is not sent of a socket', 'ioctl', [0, 0x894b], 'allowed'],
    ['the flags of a file', 'ioctl', [0, 0x8008_6601], 'allowed'],
    ['the time stamp of a packet', 'ioctl', [0, 0x8906], 'refused'],
    ['the time stamp of a packet in the form of 64 bits', 'ioctl', [0, 0x8010_8907], 'refused'],
    ['the bridges of a machine', 'ioctl', [0, 0x8940], 'refused'],
    ['a bridge', 'ioctl', [0, 0x89a0], 'refused'],
    ['a virtual network', 'ioctl', [0, 0x8982], 'refused'],
    ['setting a virtual network', 'ioctl', [0, 0x8983], 'refused'],
    ['frame relay', 'ioctl', [0, 0x8980], 'refused'],
    ['the error of a socket', 'getsockopt', [3, SOL_SOCKET, 4], 'allowed'],
    ['the state of TCP', 'getsockopt', [3, TCP, 11], 'allowed'],
    ['the time to live', 'getsockopt', [3, 0, 2], 'allowed'],
    ['the class of IPv6', 'getsockopt', [3, 41, 67], 'allowed'],
    ['the tables of the firewall', 'getsockopt', [3, 0, 64], 'refused'],
    ['a level that the kernel gives to modules', 'getsockopt', [3, 132, 1], 'refused'],
    ['a limit of descriptors', 'setrlimit', [7, 1], 'allowed'],
    ['a limit of dumps', 'setrlimit', [4, 1], 0],
    ['reading the limit of dumps', 'prlimit64', [0, 4, 0, 1], 'allowed'],
    ['setting it', 'prlimit64', [0, 4, 0x7fff_1234_5678, 0], 0],
    ['setting it from high up', 'prlimit64', [0, 4, 1n << 63n, 0], 0],
    ['setting another', 'prlimit64', [0, 7, 0x7fff_1234_5678, 0], 'allowed'],
    ['writing out all disks', 'sync', [], 'refused'],
  ] as const)('%s (%s): %s', (_, name, args, verdict) => {
    expect(verdictOf(name, ...args)).toBe(verdict);
  });
});

describe('arguments that are ints', () => {
  const word = fc.integer({ min: 0, max: 0xffff_ffff });
  const small = fc.integer({ min: 0, max: 300 });
  const low = fc.oneof(small, word);
  const calls = [
    ...['socket', 'setsockopt', 'getsockopt', 'prctl', 'personality'],
    ...['fcntl', 'ioctl', 'madvise', 'fadvise64', 'setrlimit'],
  ];

  it('are compared in the half that the kernel reads, whatever is in the other', () => {
    fc.assert(
      fc.property(fc.constantFrom(...calls), fc.array(fc.tuple(low, word), { minLength: 4 }), (name, halves) => {
        const lower = halves.map(([value]) => value);
        const whole = halves.map(([value, upper]) => (BigInt(upper) << 32n) | BigInt(value));
        expect(verdictOf(name, ...whole)).toBe(verdictOf(name, ...lower));
      }),
      { numRuns: 1000 },
    );
  });
});
