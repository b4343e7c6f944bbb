import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { folderOf } from './limited-disk.ts';
import { type RealServer, startRealServer } from './real-server.ts';

const run = promisify(execFile);

/** A server whose end, which `closers` get, leaves a data folder that the test has given it. */
export async function startOwning(
  closers: (() => Promise<unknown>)[],
  variables: Readonly<Record<string, string>>,
): Promise<RealServer> {
  const server = await startRealServer(variables);
  closers.push(() => (variables.SANDBOX_DATA_DIR ? server.leave() : server.close()));
  return server;
}

/** The id that the sandbox of a user has on this machine. */
export async function uidOf(dataDir: string, user: string): Promise<number> {
  return JSON.parse(await readFile(join(folderOf({ dataDir }, user), 'sandbox.json'), 'utf8')).uid;
}

/** The owners and groups of all files below a folder, links not followed, each once. */
export async function ownersIn(folder: string): Promise<string[]> {
  const { stdout } = await run('find', [folder, '-printf', '%U:%G\n']);
  return [...new Set(stdout.trim().split('\n'))];
}

/** What a sandbox may have its files in, the variables for it, and whether that is an image. */
export const KINDS = [
  ['a disk image', { SANDBOX_DISK_LIMIT: '64m' }, true],
  ['plain folders', { SANDBOX_DISK_LIMIT: '64m', SANDBOX_DISK_MECHANISM: 'measure' }, false],
] as const;
