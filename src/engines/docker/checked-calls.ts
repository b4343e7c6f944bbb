import { type ArgumentRule, is, isBut, isOneOf, lacks } from './argument-rules.ts';
import { SOCKET_OPTIONS } from './socket-options.ts';

/** A call that programs may make where its arguments keep all the rules. */
export interface CheckedCall {
  readonly name: string;
  readonly rules: readonly ArgumentRule[];
}

/** A call that is not made, with the error number that it answers. */
export interface AnsweredCall extends CheckedCall {
  readonly errno: number;
}

/** Linux's error numbers, on all of its 64-bit machines. */
const [EINVAL, ENOSYS, EPROTONOSUPPORT] = [22, 38, 93];

/** The highest bits of clone's flags: new mount, cgroup, UTS, IPC, user, PID and network namespaces (clone(2)). */
const CLONE_NAMESPACES = 0x7e02_0000;

const [UNIX, IPV4, IPV6, NETLINK] = [1, 2, 10, 16];
const [STREAM, DATAGRAM, RAW] = [1, 2, 3];
const [ANY, ICMP, TCP, UDP, ICMPV6, MPTCP] = [0, 1, 6, 17, 58, 262];

/** Of netlink: routes and cards, the table of sockets, and devices that come and go. */
const [ROUTES, SOCKET_TABLE, DEVICES] = [0, 4, 15];

/** SOCK_CLOEXEC and SOCK_NONBLOCK, which may be added to the type of a socket. */
const SOCKET_FLAGS = 0x8_0800;

/** The kinds of sockets: each other family, type or protocol is a part of the kernel that a program can have loaded by asking for it. */
const SOCKETS: readonly (readonly [family: number, type: number, protocols: readonly number[]])[] = [
  [IPV4, STREAM, [ANY, TCP]],
  [IPV4, DATAGRAM, [ANY, UDP, ICMP]],
  [IPV6, STREAM, [ANY, TCP]],
  [IPV6, DATAGRAM, [ANY, UDP, ICMPV6]],
  [NETLINK, RAW, [ROUTES, SOCKET_TABLE, DEVICES]],
  [NETLINK, DATAGRAM, [ROUTES, SOCKET_TABLE, DEVICES]],
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
];

/**
 * Calls that answer as a kernel does that lacks them, so that programs do without: a filter cannot look into the flags of clone3, in
 * whose place the C library takes clone; of the contexts of io_setup the whole machine has 65,536.
 */
export const ANSWERED_CALLS: readonly AnsweredCall[] = [
  ...['clone3', 'io_setup'].map((name) => ({ name, rules: [], errno: ENOSYS })),
  { name: 'seccomp', rules: [], errno: EINVAL },
  ...anyOf('prctl', isOneOf(0, ABSENT_PROCESS_OPTIONS)).map((call) => ({ ...call, errno: EINVAL })),
  ...[IPV4, IPV6].map((family) => ({
    name: 'socket',
    rules: [is(0, family), is(2, MPTCP)],
    errno: EPROTONOSUPPORT,
  })),
];

/** One call for each of the rules, of which one must hold. */
function anyOf(name: string, rules: readonly ArgumentRule[]): readonly CheckedCall[] {
  return rules.map((rule) => ({ name, rules: [rule] }));
}
