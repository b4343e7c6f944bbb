import { readLines } from './proc-file.ts';

/**
 * Enough for 9,000 locks. The kernel holds up all others while it hands over each page, and finds the next one by counting from the
 * first; the locks that were made last come first, so who makes many is among those.
 */
const MAX_BYTES = 512 * 1024;

/** Such as `12: POSIX  ADVISORY  WRITE 1234 fe:00:1466406 0 EOF`; what waits for a lock has an arrow before its kind. */
const LOCK = /^\d+:(?: ->)? +\w+ +\w+ +\w+ +(-?\d+) /;

/** How many of the latest locks and leases of files each process holds or waits for, by its number; those of processes that this one does not see are left out. */
export async function countFileLocks(path = '/proc/locks'): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  for await (const line of readLines(path, MAX_BYTES)) {
    const pid = Number(LOCK.exec(line)?.[1] ?? 0);
    if (pid > 0) counts.set(pid, (counts.get(pid) ?? 0) + 1);
  }
  return counts;
}
