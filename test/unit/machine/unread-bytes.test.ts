import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readUnreadBytes } from '../../../src/machine/unread-bytes.ts';

const PID = 42;
const HEADING = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'clara-machine-'));
  await mkdir(join(root, String(PID), 'net'), { recursive: true });
});
afterEach(() => rm(root, { recursive: true }));

/** A line of a table of sockets, as the kernel writes it. */
function socket(state: string, queues: string, inode: number): string {
  return `   0: 0100007F:1F90 0100007F:A1B2 ${state} ${queues} 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 20 4 30 10 -1\n`;
}

const write = (table: string, ...lines: string[]) =>
  writeFile(join(root, String(PID), 'net', table), HEADING + lines.join(''));

describe('the bytes that wait in sockets', () => {
  it('are those of both queues in all four tables, in hexadecimal', async () => {
    await write('tcp', socket('01', '00000010:00000001', 5));
    await write('tcp6', socket('01', '00000100:00000000', 6));
    await write('udp', socket('07', '00000000:00001000', 7));
    await write('udp6', socket('07', '00010000:00000000', 8));
    expect(await readUnreadBytes(PID, root)).toEqual({ all: 0x11111, unowned: 0 });
  });

  it('are unowned where no process has the socket', async () => {
    await write('tcp', socket('01', '00000000:0000000A', 0), socket('01', '00000000:00000005', 9));
    expect(await readUnreadBytes(PID, root)).toEqual({ all: 15, unowned: 10 });
  });

  it('are none of a socket that listens, whose queues count connections', async () => {
    await write('tcp', socket('0A', '00000080:00000003', 0));
    expect(await readUnreadBytes(PID, root)).toEqual({ all: 0, unowned: 0 });
  });

  it('are none of a process that is gone, or where a line is no socket', async () => {
    await write('tcp', 'nonsense\n', socket('01', 'xyz:123', 0));
    expect(await readUnreadBytes(PID, root)).toEqual({ all: 0, unowned: 0 });
    expect(await readUnreadBytes(PID + 1, root)).toEqual({ all: 0, unowned: 0 });
  });
});
