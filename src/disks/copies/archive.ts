import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from '../base/command.ts';
import { PLAIN_FOLDERS } from '../base/layout.ts';
import { syncPath } from '../base/sync.ts';
import { explainFailure } from './failure.ts';

/** Owners by number, links as links, holes as holes, and nothing of another file system. */
const OPTIONS = ['--numeric-owner', '--acls', '--xattrs', '--force-local', '--warning=none'] as const;

/** How long unpacking may take, and bringing what was unpacked to the disk, in milliseconds. */
const UNPACK_MS = 300_000;

/** Room for what is packed beyond what was counted: nothing else bounds what code has written since. */
const SLACK_BYTES = 64 * 2 ** 20;

/**
 * Packs the plain folders of a sandbox, in which nothing runs, into an archive within the deadline; what is beyond the bytes that were
 * counted and some more ends it. Throws `no_space` or `unavailable`, and leaves no archive then.
 */
export async function pack(folder: string, archive: string, countedBytes: number, deadlineMs: number): Promise<void> {
  await rm(archive, { force: true });
  const bound = `--fsize=${Math.ceil(countedBytes + SLACK_BYTES)}`;
  const argv = ['--create', '--sparse', '--one-file-system', ...OPTIONS, '--file', archive];
  const from = ['--directory', folder, '--', ...PLAIN_FOLDERS];
  try {
    await runCommand('prlimit', [bound, '--', 'tar', ...argv, ...from], Math.max(1, Math.ceil(deadlineMs)));
  } catch (cause) {
    await rm(archive, { force: true });
    throw await explainFailure(dirname(archive), cause);
  }
}

/** Brings an archive to the disk. */
export async function settleArchive(archive: string): Promise<void> {
  await syncPath(archive);
}

/** Unpacks an archive into a folder that only this process can reach, as it was packed, and brings that to the disk. Throws `no_space` or `unavailable`. */
export async function unpack(archive: string, folder: string): Promise<void> {
  const endMs = performance.now() + UNPACK_MS;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const argv = ['--extract', '--preserve-permissions', '--same-owner', ...OPTIONS];
  try {
    await runCommand('tar', [...argv, '--file', archive, '--directory', folder], UNPACK_MS);
    const leftMs = Math.max(1, Math.ceil(endMs - performance.now()));
    await runCommand('sync', ['-f', join(folder, PLAIN_FOLDERS[0])], leftMs);
  } catch (cause) {
    throw await explainFailure(folder, cause);
  }
}
