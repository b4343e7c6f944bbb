import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { SandboxError } from '../../base/errors.ts';

/** Blocks of a file are counted in these (find(1)). */
const BLOCK_BYTES = 512;

/** What an archive has for each file beside what is in it, at the most for short names. */
const ENTRY_BYTES = 2048;

/** More files and folders than that are not copied. */
const MAX_ENTRIES = 1_000_000;

/** Of the longest path that a program may name 4,096 bytes are the kernel's bound (PATH_MAX), of which some go before it. */
const MAX_PATH_BYTES = 3_500;

/**
 * What a copy of plain folders takes at the most, in bytes; code may write to them meanwhile. Throws `conflict` where they hold more
 * than can be copied, or a path that no program can name, and `unavailable` after the deadline. Follows no links.
 */
export async function survey(folders: readonly string[], deadlineMs: number): Promise<number> {
  const argv = [...folders, '-xdev', '-printf', '%b %P\\0'];
  const child = spawn('find', argv, {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'ignore'],
    signal: AbortSignal.timeout(deadlineMs),
  });
  const ended = once(child, 'close');
  try {
    const bytes = await sum(child);
    await ended;
    return bytes;
  } catch (cause) {
    ended.catch(() => undefined);
    child.kill('SIGKILL');
    if (!(cause instanceof Error) || cause.name !== 'AbortError') throw cause;
    const sentence = 'The files of the sandbox cannot be counted in time; try again when the server has less to do.';
    throw new SandboxError('unavailable', sentence, { cause });
  }
}

async function sum({ stdout }: ChildProcessByStdio<null, Readable, null>): Promise<number> {
  let bytes = 0;
  let entries = 0;
  let rest = Buffer.alloc(0);
  for await (const chunk of stdout) {
    const read = Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = read.indexOf(0); end >= 0; end = read.indexOf(0, from)) {
      const blank = read.indexOf(0x20, from);
      bytes += Number(read.toString('latin1', from, blank)) * BLOCK_BYTES + ENTRY_BYTES;
      entries += 1;
      requireCopyable(entries, end - blank - 1);
      from = end + 1;
    }
    rest = read.subarray(from);
  }
  return bytes;
}

function requireCopyable(entries: number, pathBytes: number): void {
  if (pathBytes > MAX_PATH_BYTES) {
    const sentence = `The sandbox has a file whose path is longer than ${MAX_PATH_BYTES} bytes, so its files cannot be copied; move or delete it.`;
    throw new SandboxError('conflict', sentence);
  }
  if (entries <= MAX_ENTRIES) return;
  const sentence = `The sandbox has more than ${MAX_ENTRIES} files and folders, so they cannot be copied; delete some.`;
  throw new SandboxError('conflict', sentence);
}
