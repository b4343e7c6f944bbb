import { readLines } from './proc-file.ts';

/** Enough for 100,000 sockets of a network namespace. */
const MAX_BYTES = 16 * 2 ** 20;

const LISTENING = '0A';

/** Bytes that wait in the sockets of a network namespace. */
export interface UnreadBytes {
  /** In connections that nobody has accepted, or nobody has open any more: the kernel charges them to no control group. */
  readonly unowned: number;
  /** In all. */
  readonly all: number;
}

/** Reads what waits in the network namespace of a process; nothing where there is no such process. */
export async function readUnreadBytes(pid: number, root = '/proc'): Promise<UnreadBytes> {
  let [unowned, all] = [0, 0];
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6']) {
    for await (const line of readLines(`${root}/${pid}/net/${table}`, MAX_BYTES)) {
      // Number, local and remote address, state, both queues in hexadecimal, timer, retransmissions, user, timeout, inode, …
      const [, , , state, queues = '', , , , , inode] = line.trim().split(/ +/);
      if (state === LISTENING || !/^[\dA-F]+:[\dA-F]+$/.test(queues)) continue;
      const [sending = '', receiving = ''] = queues.split(':');
      const bytes = Number.parseInt(sending, 16) + Number.parseInt(receiving, 16);
      all += bytes;
      if (inode === '0') unowned += bytes;
    }
  }
  return { unowned, all };
}
