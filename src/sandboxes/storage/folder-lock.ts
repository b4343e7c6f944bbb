import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { ConfigError } from '../../config/config.ts';
import { explainDenial } from '../../disks/folder-support.ts';

/** How long another holder may take to let go, in seconds: a server that ends, or a look of `npm run doctor`. */
const WAIT_S = 1;

/** Where the program takes the open folder from. */
const INHERITED_FD = 3;

/** How it ends where somebody else has the lock. */
const TAKEN = 1;

/** Where a file system that is away keeps even this waiting, in milliseconds. */
const DEADLINE_MS = 10_000;

/** Takes a data folder for one server; what it answers holds it until it is closed. Throws a ConfigError where that cannot be. */
export type TakeFolder = (dataDir: string) => Promise<{ close(): Promise<void> }>;

/** Keeps a data folder for one server: two over the same one would take each other's sandboxes away. It ends with its process, however that ends. */
export class FolderLock {
  readonly #folder: FileHandle;

  private constructor(folder: FileHandle) {
    this.#folder = folder;
  }

  /** Takes it; throws a ConfigError where another process has it, in a container or not, or where a file system has no locks. */
  static async take(dataDir: string): Promise<FolderLock> {
    const folder = await open(dataDir, constants.O_RDONLY | constants.O_DIRECTORY).catch((cause: unknown) => {
      const denial = explainDenial(dataDir, cause);
      throw denial === null ? cause : new ConfigError(denial, { cause });
    });
    try {
      await lock(folder.fd, dataDir);
      return new FolderLock(folder);
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#folder.close();
  }
}

/** The lock is that of the open folder, not of the program that asks for it: it stays until this process closes it (flock(2)). */
async function lock(fd: number, dataDir: string): Promise<void> {
  const child = spawn('flock', ['--exclusive', '--timeout', String(WAIT_S), String(INHERITED_FD)], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe', fd],
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL',
  });
  const said = child.stderr ? text(child.stderr).catch(() => '') : '';
  const [code] = await once(child, 'close').catch((cause: unknown) => {
    const sentence =
      'The program flock of util-linux is not there: it keeps the data folder for one server. Install it.';
    throw new ConfigError(sentence, { cause });
  });
  if (code === 0) return;
  if (code === TAKEN) {
    throw new ConfigError(
      `SANDBOX_DATA_DIR is ${dataDir}, which another server has, or a backup that runs: stop that one, which fuser -v ${dataDir} names, or give each server a data folder of its own.`,
    );
  }
  const reason = (await said).trim() || 'it took too long';
  throw new ConfigError(
    `SANDBOX_DATA_DIR is ${dataDir}, which cannot be kept for one server (${reason}): set it to a folder on a local disk.`,
  );
}
