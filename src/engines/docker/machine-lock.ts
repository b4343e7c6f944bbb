import { spawn } from 'node:child_process';
import { once } from 'node:events';

const WAIT_SECONDS = 10;

/**
 * Does work while no other process of this machine does the same, by flock(1) on this file: it lets go whatever becomes of this process.
 * Where there is no flock, or it waits too long, the work is done all the same.
 */
export async function whileLocked<T>(file: string, work: () => Promise<T>): Promise<T> {
  const argv = ['-w', String(WAIT_SECONDS), file, 'sh', '-c', 'echo held; exec cat'];
  const holder = spawn('flock', argv, { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(holder, 'close').catch(() => undefined);
  try {
    await Promise.race([once(holder.stdout, 'data'), ended]);
    return await work();
  } finally {
    holder.stdin.destroy();
    await ended;
  }
}
