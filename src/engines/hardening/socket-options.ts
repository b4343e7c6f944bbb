/** Level of setsockopt(2), and the options of it that programs may set (their numbers are those of x86_64 and arm64). */
type OptionsOfLevel = readonly [level: number, options: readonly number[]];

/**
 * SO_: REUSEADDR, DONTROUTE, BROADCAST, SNDBUF, RCVBUF, KEEPALIVE, OOBINLINE, PRIORITY, LINGER, REUSEPORT, PASSCRED, RCVLOWAT,
 * RCVTIMEO, SNDTIMEO, BINDTODEVICE, PASSSEC, PEEK_OFF, RCVTIMEO_NEW, SNDTIMEO_NEW, PASSPIDFD, PASSRIGHTS.
 */
const SOCKET: OptionsOfLevel = [1, [2, 5, 6, 7, 8, 9, 10, 12, 13, 15, 16, 18, 20, 21, 25, 34, 42, 66, 67, 76, 83]];

/**
 * IP_: TOS, TTL, RECVOPTS, PKTINFO, MTU_DISCOVER, RECVERR, RECVTTL, RECVTOS, FREEBIND, RECVORIGDSTADDR,
 * BIND_ADDRESS_NO_PORT, MULTICAST_IF, MULTICAST_TTL, MULTICAST_LOOP, MULTICAST_ALL, UNICAST_IF, LOCAL_PORT_RANGE.
 */
const IP: OptionsOfLevel = [0, [1, 2, 6, 8, 10, 11, 12, 13, 15, 20, 24, 32, 33, 34, 49, 50, 51]];

/**
 * TCP_: NODELAY, MAXSEG, CORK, KEEPIDLE, KEEPINTVL, KEEPCNT, SYNCNT, LINGER2, DEFER_ACCEPT, WINDOW_CLAMP, QUICKACK, CONGESTION,
 * THIN_LINEAR_TIMEOUTS, THIN_DUPACK, USER_TIMEOUT, FASTOPEN, NOTSENT_LOWAT, FASTOPEN_CONNECT, FASTOPEN_NO_COOKIE, INQ.
 */
const TCP: OptionsOfLevel = [6, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 16, 17, 18, 23, 25, 30, 34, 36]];

/** UDP_: CORK, SEGMENT. */
const UDP: OptionsOfLevel = [17, [1, 103]];

/**
 * IPV6_: UNICAST_HOPS, MULTICAST_IF, MULTICAST_HOPS, MULTICAST_LOOP, MTU_DISCOVER, MTU, RECVERR, V6ONLY, MULTICAST_ALL,
 * RECVPKTINFO, RECVHOPLIMIT, RECVPATHMTU, DONTFRAG, RECVTCLASS, TCLASS, AUTOFLOWLABEL, ADDR_PREFERENCES,
 * RECVORIGDSTADDR, UNICAST_IF, FREEBIND.
 */
const IPV6: OptionsOfLevel = [41, [16, 17, 18, 19, 23, 24, 25, 26, 29, 49, 51, 60, 62, 66, 67, 70, 72, 74, 76, 78]];

/**
 * All that setsockopt(2) takes in a sandbox: what is kept in the socket itself. Left out is what attaches a program (SO_ATTACH_*),
 * what takes memory that no limit counts (multicast groups, keys of TCP, labels of flows, MSG_ZEROCOPY), what switches code paths
 * of the whole machine (time stamps, UDP_GRO, TCP_TX_DELAY), and what loads parts of the kernel (TCP_ULP).
 */
export const SOCKET_OPTIONS: readonly OptionsOfLevel[] = [SOCKET, IP, TCP, UDP, IPV6];
