import { once } from 'node:events';
import type { CallOptions, TransferOptions } from '../agent/calls/call.ts';
import {
  type FileDownload,
  type FileStat,
  readFile,
  statPath,
  versionOf,
  type WriteCondition,
} from '../agent/calls/files.ts';
import type { AgentConnection } from '../agent/wire/connection.ts';
import { AgentFailure } from '../agent/wire/failures.ts';
import { SandboxError } from '../base/errors.ts';
import { PathError } from './refusals.ts';

/** How long a look at a path may take, in milliseconds. */
const STAT_DEADLINE_MS = 30_000;

/** How often a file may change between the look at it and its opening before the reader is told. */
const OPEN_ATTEMPTS = 5;

/** A whole file in memory; throws `too_large` over the limit, before anything is transferred. */
export async function readWholeFile(
  connection: AgentConnection,
  path: string,
  limitBytes: number,
  options: CallOptions,
): Promise<Buffer> {
  const { stat, body } = await readFile(connection, path, { ...options, length: limitBytes + 1 });
  if (stat.size > limitBytes) {
    body.destroy();
    throw new SandboxError(
      'too_large',
      `The file has ${stat.size} bytes, more than the ${limitBytes} that fit in JSON.`,
      { remedy: 'stream_download' },
    );
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limitBytes) throw new SandboxError('conflict', 'The file grew while it was read; try again.');
  }
  return Buffer.concat(chunks);
}

/** A part of a file that is to be opened, together with whatever follows from the choice. */
export interface Choice {
  readonly part: { readonly offset: number; readonly lengthBytes: number } | null;
}

/** Metadata of a regular file; throws `not_found`, or `invalid` for a folder and everything else. */
async function statRegularFile(connection: AgentConnection, path: string, signal: AbortSignal): Promise<FileStat> {
  const stat = await statPath(connection, path, { deadlineMs: STAT_DEADLINE_MS, signal });
  if (stat.type === 'file') return stat;
  const what = stat.type === 'directory' ? 'a folder' : 'not a regular file';
  throw new PathError(`${path} is ${what}.`);
}

/**
 * Opens the part of a file that `choose` wants when it sees the metadata, and of no other version of that file; `body` is null
 * where it wants none. The body fails where the file shrinks while it is read. `choose` is told no size of a file that the kernel
 * makes as it is read: all of it is opened.
 */
export async function openPart<Chosen extends Choice>(
  connection: AgentConnection,
  path: string,
  choose: (stat: FileStat, sizeBytes: number | null) => Chosen,
  options: TransferOptions & { readonly signal: AbortSignal },
): Promise<{ readonly chosen: Chosen; readonly body: FileDownload['body'] | null }> {
  for (let attempt = 0; attempt < OPEN_ATTEMPTS; attempt += 1) {
    const stat = await statRegularFile(connection, path, options.signal);
    const unsized = stat.size === 0 ? await openUnsized(connection, path, options) : null;
    const chosen = choose(stat, unsized ? null : stat.size);
    if (unsized && chosen.part) return { chosen, body: unsized };
    unsized?.destroy();
    if (!chosen.part) return { chosen, body: null };
    const { offset, lengthBytes } = chosen.part;
    const file = await readFile(connection, path, { ...options, offset, exactBytes: lengthBytes });
    if (versionOf(file.stat) === versionOf(stat)) return { chosen, body: file.body };
    file.body.destroy();
  }
  throw new SandboxError('conflict', 'The file changes all the time; try again when nothing writes to it.');
}

/** The body of a file that says it is empty and is not; null where it is. */
async function openUnsized(
  connection: AgentConnection,
  path: string,
  options: TransferOptions,
): Promise<FileDownload['body'] | null> {
  const { body } = await readFile(connection, path, options);
  await once(body, 'readable');
  if (body.readableLength > 0) return body;
  body.destroy();
  return null;
}

/** Throws `not_found`, or `invalid` for what is not a folder. */
export async function requireFolder(connection: AgentConnection, path: string, signal: AbortSignal): Promise<void> {
  const stat = await statPath(connection, path, { deadlineMs: STAT_DEADLINE_MS, signal });
  if (stat.type !== 'directory') throw new PathError(`${path} is not a folder.`);
}

/** Whether a file of this time, in milliseconds, is still the one that is meant. */
export type IsUnchanged = (modifiedMs: number) => boolean;

/**
 * The version that a write may replace: the file's if it is unchanged, nothing where there is no file. Throws `precondition` if the
 * file was changed.
 */
export async function versionIf(
  connection: AgentConnection,
  path: string,
  isUnchanged: IsUnchanged,
  signal: AbortSignal,
): Promise<WriteCondition> {
  try {
    const stat = await statPath(connection, path, { deadlineMs: STAT_DEADLINE_MS, signal });
    if (isUnchanged(Number(stat.mtimeNs) / 1e6)) return [versionOf(stat)];
  } catch (error) {
    if (error instanceof AgentFailure && error.code === 'not_found') return ['absent'];
    throw error;
  }
  throw new SandboxError('precondition', `The file was changed since: ${path}.`);
}
