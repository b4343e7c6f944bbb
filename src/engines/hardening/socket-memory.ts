import { access, constants, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isKernelFileGone } from '../../base/errors.ts';

const MEMORY_GROUPS = '/sys/fs/cgroup/memory';
const SOCKET_LIMIT = 'memory.kmem.tcp.limit_in_bytes';
const MEMORY_LIMIT = 'memory.limit_in_bytes';

/** Part of a sandbox's memory that may wait in sockets besides it, and the most in bytes. */
const SHARE = 1 / 8;
const MOST_BYTES = 64 * 2 ** 20;

/** An option of the kernel's command line that has it charge nobody for sockets. */
const WITHOUT_SOCKETS = /\bcgroup\.memory=\S*nosocket\b/;

/**
 * Whether what waits in sockets of TCP and UDP is limited for containers: in version 2 of control groups as a part of their memory,
 * in version 1 by a limit of its own, which engines do not set and this process may set where it is root outside of a container.
 */
export async function canLimitSockets(version: 1 | 2): Promise<boolean> {
  if (WITHOUT_SOCKETS.test(await readFile('/proc/cmdline', 'utf8').catch(() => ''))) return false;
  return version === 2 || (await isWritable(join(MEMORY_GROUPS, SOCKET_LIMIT)));
}

/**
 * Sets the limit of version 1 for the sockets that a container which has just started will make: in the first of these control groups,
 * by their paths below that of memory, that is there. False where none is, or where it ends with its container meanwhile.
 */
export async function limitSockets(groups: readonly string[]): Promise<boolean> {
  for (const group of groups) {
    const folder = join(MEMORY_GROUPS, group);
    if (!(await isWritable(join(folder, SOCKET_LIMIT)))) continue;
    try {
      const memoryBytes = Number(await readFile(join(folder, MEMORY_LIMIT), 'utf8'));
      await writeFile(join(folder, SOCKET_LIMIT), `${Math.floor(Math.min(MOST_BYTES, memoryBytes * SHARE))}`);
      return true;
    } catch (error) {
      if (!isKernelFileGone(error)) throw error;
    }
  }
  return false;
}

async function isWritable(path: string): Promise<boolean> {
  return await access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}
