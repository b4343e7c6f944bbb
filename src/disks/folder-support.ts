import { chmod, chown, readFile, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { makeProbeFolder } from './base/probe-folder.ts';
import { type FileSystem, fileSystemOf } from './file-system.ts';

/** tmpfs and ramfs, as statfs(2) names them. */
const MEMORY_FILE_SYSTEMS = [0x01021994, 0x858458f6];

const PROBE_MODE = 0o711;

/** Not root, whose files would be its own in any case. */
const SOMEBODY = 1;

/** The bit of CAP_CHOWN in the sets of capabilities(7). */
const CAP_CHOWN = 1n;

/** What holds for every user but root. */
export const START_AS_ROOT =
  'The server may not give folders to the users of sandboxes (EPERM): start it as root. Who may use the socket of the engine is root already.';

/** Why sandboxes cannot live in this folder, as a sentence that says what to do; null where they can, which is tried out. */
export async function whyUnfit(dataDir: string): Promise<string | null> {
  const fileSystem = await fileSystemOf(dataDir);
  if (MEMORY_FILE_SYSTEMS.includes((await statfs(dataDir)).type)) {
    return `The data folder ${dataDir} is memory (${fileSystem.type}): the files of users would be gone with the next start of the machine. Set SANDBOX_DATA_DIR to a folder on a disk.`;
  }
  try {
    return (await keepsOwners(dataDir)) ? null : explainOwners(dataDir, fileSystem);
  } catch (error) {
    const code = codeOf(error);
    // A full disk proves nothing, and must not keep a server from what is on it; nor does a user namespace without that user.
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EINVAL') return null;
    if (code === 'EPERM' || code === 'ENOTSUP') {
      return (await mayChown()) ? explainOwners(dataDir, fileSystem) : START_AS_ROOT;
    }
    const sentence = explainDenial(dataDir, error);
    if (sentence === null) throw error;
    return sentence;
  }
}

/** Why no program in plain folders here could run, as a sentence that says what to do; null where it could. */
export async function whyNoPrograms(dataDir: string): Promise<string | null> {
  const { options } = await fileSystemOf(dataDir);
  if (!options.includes('noexec')) return null;
  return `The data folder ${dataDir} is mounted noexec, and sandboxes have plain folders in it, so that no program of theirs could run. Mount it without noexec, or set SANDBOX_DATA_DIR to a folder on another disk.`;
}

/** What an error says of the rights of this process in a folder, as a sentence that says what to do; null where it is about something else. */
export function explainDenial(folder: string, error: unknown): string | null {
  const code = codeOf(error);
  if (code === 'EROFS') {
    return `The data folder ${folder} is on a file system that is mounted read-only. Mount it writable, or set SANDBOX_DATA_DIR to a folder on another disk.`;
  }
  if (code !== 'EACCES') return null;
  return `The server may not use the data folder ${folder} (EACCES): start it as root. Who may use the socket of the engine is root already.`;
}

async function keepsOwners(dataDir: string): Promise<boolean> {
  const probe = join(dataDir, await makeProbeFolder(dataDir));
  try {
    await chmod(probe, PROBE_MODE);
    await chown(probe, SOMEBODY, SOMEBODY);
    const { uid, gid, mode } = await stat(probe);
    return uid === SOMEBODY && gid === SOMEBODY && (mode & 0o777) === PROBE_MODE;
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}

function explainOwners(dataDir: string, { type }: FileSystem): string {
  const remote = type.startsWith('nfs') ? ', or export it with no_root_squash' : '';
  return `The data folder ${dataDir} is on a file system (${type}) where files cannot be given to the users of sandboxes. Set SANDBOX_DATA_DIR to a folder on a disk with ext4, xfs or btrfs${remote}.`;
}

/** False for a process without that capability, whatever its user. */
async function mayChown(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'latin1');
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && (BigInt(`0x${effective}`) & CAP_CHOWN) !== 0n;
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
