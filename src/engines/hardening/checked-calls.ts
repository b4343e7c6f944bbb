import { type ArgumentRule, has, is, isBut, isNoneOf, isNotNull, isNull, isOneOf, lacks } from './argument-rules.ts';
import { SOCKET_OPTIONS } from './socket-options.ts';

/** A call that programs may make where its arguments keep all the rules. */
export interface CheckedCall {
  readonly name: string;
  readonly rules: readonly ArgumentRule[];
}

/** A call that is not made, with the error number that it answers; 0 says that it was made. */
export interface AnsweredCall extends CheckedCall {
  readonly errno: number;
}

/** Linux's error numbers, on all of its 64-bit machines. */
const [ENOMEM, EINVAL, ENOSYS, EPROTONOSUPPORT, EAFNOSUPPORT] = [12, 22, 38, 93, 97];

/** The highest bits of clone's flags: new mount, cgroup, UTS, IPC, user, PID and network namespaces (clone(2)). */
const CLONE_NAMESPACES = 0x7e02_0000;

const [UNIX, IPV4, IPV6, NETLINK] = [1, 2, 10, 16];
const [STREAM, DATAGRAM] = [1, 2];
const [ANY, ICMP, TCP, UDP, ICMPV6, MPTCP] = [0, 1, 6, 17, 58, 262];

/** SOCK_CLOEXEC and SOCK_NONBLOCK, which may be added to the type of a socket. */
const SOCKET_FLAGS = 0x8_0800;

/** The kinds of sockets: each other family, type or protocol is a part of the kernel that a program can have loaded by asking for it. */
const SOCKETS: readonly (readonly [family: number, type: number, protocols: readonly number[]])[] = [
  [IPV4, STREAM, [ANY, TCP]],
  [IPV4, DATAGRAM, [ANY, UDP, ICMP]],
  [IPV6, STREAM, [ANY, TCP]],
  [IPV6, DATAGRAM, [ANY, UDP, ICMPV6]],
];

/** personality(2) values that are allowed: PER_LINUX, PER_LINUX32, and 0xffffffff, which only queries. */
const PERSONALITIES = [0, 8, 0xffff_ffff];

/**
 * prctl(2): PDEATHSIG, DUMPABLE, KEEPCAPS, NAME, GET_SECCOMP, CAPBSET, TSC, SECUREBITS, TIMERSLACK, CHILD_SUBREAPER, NO_NEW_PRIVS,
 * GET_TID_ADDRESS, THP_DISABLE, CAP_AMBIENT, SVE, SPECULATION_CTRL, PAC, TAGGED_ADDR_CTRL, SME, MDWE, SHADOW_STACK_STATUS,
 * GET_AUXV, SET_PTRACER.
 */
const PROCESS_OPTIONS = [
  ...[
    1, 2, 3, 4, 7, 8, 15, 16, 21, 23, 24, 25, 26, 27, 28, 29, 30, 36, 37, 38, 39, 40, 41, 42, 47, 50, 51, 52, 53, 54,
    55,
  ],
  ...[56, 60, 61, 63, 64, 65, 66, 74, 75, 76, 0x4155_5856, 0x5961_6d61],
];

/**
 * What prctl(2) says that the kernel does not have: filters of system calls (SET_SECCOMP), which take the machine's memory for
 * compiled programs; the map of a process (SET_MM); cookies for CPUs that only equals share (SCHED_CORE), which stop a CPU for
 * neighbours; merged memory (SET_MEMORY_MERGE); names of memory (SET_VMA), which no limit counts.
 */
const ABSENT_PROCESS_OPTIONS = [22, 35, 62, 67, 0x5356_4d41];

/** fcntl(2): all but locks of an open file (F_OFD_SETLK, F_OFD_SETLKW), whose holder nobody can tell. */
const FILE_COMMANDS = [...range(0, 36), ...range(1024, 1055)];
const LOCKS_OF_OPEN_FILES = [37, 38];

/** The lower half of the ioctl that has a terminal taken over by a part of the kernel, which it would load (TIOCSETD). */
const LINE_DISCIPLINE = 0x5423;
const UPPER_HALF = 0xffff_0000;

/**
 * What sockets lack of ioctl(2), by lower halves: SIOCGSTAMP and SIOCGSTAMPNS, which have the whole machine take the time of each
 * packet; SIOCGIFBR and SIOCSIFBR, and all from 0x8980 on (frame relay, SIOCGIFVLAN, bonds, bridges, what is a driver's own), for
 * which the kernel would start the machine's modprobe.
 */
const SOCKET_CONTROLS = [
  { first: 0x8906, mask: 0x1 },
  { first: 0x8940, mask: 0x1 },
  { first: 0x8980, mask: 0x7f },
];

/**
 * Levels of getsockopt(2): SOL_SOCKET, TCP, UDP, IPv6, ICMPv6, raw sockets, and TLS and MPTCP, which programs ask after; and of IPv4
 * the options below 64, after which come the tables of the firewall, for which kernels before 6.9 start a program of theirs.
 */
const READ_LEVELS = [1, 6, 17, 41, 58, 255, 282, 284];
const [IPV4_LEVEL, IPV4_OPTIONS] = [0, 63];

/** madvise(2) but for MADV_MERGEABLE (12), by which sandboxes would share pages and learn of each other's. */
const MEMORY_ADVICE = [...range(0, 11), ...range(13, 25), 102, 103];
const MERGEABLE = 12;

/** posix_fadvise(2) but for POSIX_FADV_DONTNEED (4), which would have the image's files read again for all sandboxes. */
const FILE_ADVICE = [0, 1, 2, 3, 5];
const NOT_NEEDED = 4;

/** Pages of 2 MiB and more are set aside by the operator for somebody, and no limit counts them. */
const [MAP_HUGETLB, MFD_HUGETLB, SHM_HUGETLB] = [0x4_0000, 0x4, 0x800];

/** The size of core dumps, whose limit is what keeps the machine's own program from being started for each (limits.ts). */
const RLIMIT_CORE = 4;
const OTHER_LIMITS = [...range(0, 3), ...range(5, 15)];

/** The calls whose arguments decide. */
export const CHECKED_CALLS: readonly CheckedCall[] = [
  { name: 'clone', rules: [lacks(0, CLONE_NAMESPACES)] },
  { name: 'socket', rules: [is(0, UNIX)] },
  { name: 'socketpair', rules: [is(0, UNIX)] },
  ...SOCKETS.flatMap(([family, type, protocols]) =>
    protocols.map((protocol) => ({
      name: 'socket',
      rules: [is(0, family), isBut(1, SOCKET_FLAGS, type), is(2, protocol)],
    })),
  ),
  ...SOCKET_OPTIONS.flatMap(([level, options]) =>
    isOneOf(2, options).map((rule) => ({ name: 'setsockopt', rules: [is(1, level), rule] })),
  ),
  ...anyOf('personality', isOneOf(0, PERSONALITIES)),
  ...anyOf('prctl', isOneOf(0, PROCESS_OPTIONS)),
  ...anyOf('fcntl', isOneOf(1, FILE_COMMANDS)),
  ...anyOf('getsockopt', isOneOf(1, READ_LEVELS)),
  { name: 'getsockopt', rules: [is(1, IPV4_LEVEL), isBut(2, IPV4_OPTIONS, 0)] },
  ...anyOf('ioctl', isNoneOf(1, [{ first: LINE_DISCIPLINE, mask: 0 }, ...SOCKET_CONTROLS])),
  ...anyOf('madvise', isOneOf(2, MEMORY_ADVICE)),
  ...anyOf('fadvise64', isOneOf(3, FILE_ADVICE)),
  ...anyOf('setrlimit', isOneOf(0, OTHER_LIMITS)),
  ...anyOf('prlimit64', isOneOf(1, OTHER_LIMITS)),
  { name: 'prlimit64', rules: [is(1, RLIMIT_CORE), isNull(2)] },
  { name: 'mmap', rules: [lacks(3, MAP_HUGETLB)] },
  { name: 'memfd_create', rules: [lacks(1, MFD_HUGETLB)] },
  { name: 'shmget', rules: [lacks(2, SHM_HUGETLB)] },
];

/**
 * Calls that answer as a kernel does that lacks them, so that programs do without, and calls that answer as if they had been made,
 * where not making them is as good: a filter cannot look into the flags of clone3, in whose place the C library takes clone; of the
 * contexts of io_setup the whole machine has 65,536; syncfs would write out the machine's own disk, on which the image lies;
 * memfd_secret takes the kernel's own map of memory apart; of netlink no limit counts what is not read.
 */
export const ANSWERED_CALLS: readonly AnsweredCall[] = [
  ...['clone3', 'io_setup', 'syncfs', 'memfd_secret'].map((name) => ({ name, rules: [], errno: ENOSYS })),
  { name: 'seccomp', rules: [], errno: EINVAL },
  ...anyOf('prctl', isOneOf(0, ABSENT_PROCESS_OPTIONS)).map((call) => ({ ...call, errno: EINVAL })),
  ...anyOf('fcntl', isOneOf(1, LOCKS_OF_OPEN_FILES)).map((call) => ({ ...call, errno: EINVAL })),
  { name: 'ioctl', rules: [isBut(1, UPPER_HALF, LINE_DISCIPLINE)], errno: EINVAL },
  { name: 'madvise', rules: [is(2, MERGEABLE)], errno: EINVAL },
  { name: 'mmap', rules: [has(3, MAP_HUGETLB)], errno: ENOMEM },
  { name: 'socket', rules: [is(0, NETLINK)], errno: EAFNOSUPPORT },
  ...[IPV4, IPV6].map((family) => ({
    name: 'socket',
    rules: [is(0, family), is(2, MPTCP)],
    errno: EPROTONOSUPPORT,
  })),
  { name: 'fadvise64', rules: [is(3, NOT_NEEDED)], errno: 0 },
  { name: 'setrlimit', rules: [is(0, RLIMIT_CORE)], errno: 0 },
  { name: 'prlimit64', rules: [is(1, RLIMIT_CORE), isNotNull(2)], errno: 0 },
];

/** One call for each of the rules, of which one must hold. */
function anyOf(name: string, rules: readonly ArgumentRule[]): readonly CheckedCall[] {
  return rules.map((rule) => ({ name, rules: [rule] }));
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
