import type { CallOptions, TransferOptions } from '../agent/calls/call.ts';
import {
  type ArchiveDownload,
  type ArchiveFormat,
  type ArchiveLimits,
  extractArchive,
  packFolder,
  statPath,
  unpackFolder,
} from '../agent/calls/files.ts';
import type { AgentConnection } from '../agent/wire/connection.ts';
import { AgentFailure } from '../agent/wire/failures.ts';
import { SandboxError } from '../errors.ts';
import type { Transfer } from './files.ts';

/** What an archive may unpack to. */
const LIMITS: ArchiveLimits = { entries: 100_000, bytes: 4 * 2 ** 30, ratio: 200, small: 16 * 2 ** 20 };

/** How long a look at a path may take, in milliseconds. */
const STAT_DEADLINE_MS = 30_000;

/** How many files, folders and links an archive had, and the bytes of its files. */
type Unpacked = Promise<{ readonly entries: number; readonly bytes: number }>;

/** A folder as an archive; throws `not_found`, or `invalid` for what is no folder or cannot be packed whole, before the first byte. */
export async function packArchive(
  connection: AgentConnection,
  path: string,
  format: ArchiveFormat,
  transfer: Transfer,
): Promise<ArchiveDownload> {
  const stat = await statPath(connection, path, { deadlineMs: STAT_DEADLINE_MS, signal: transfer.signal });
  if (stat.type !== 'directory') throw new SandboxError('invalid', `${path} is not a folder.`);
  return await packFolder(connection, path, format, transfer);
}

/** Unpacks an archive that is sent; `encoding` is that of names which the archive does not mark. */
export function unpackArchive(
  connection: AgentConnection,
  path: string,
  { format, encoding }: { readonly format: ArchiveFormat; readonly encoding: string | undefined },
  chunks: AsyncIterable<Buffer>,
  transfer: Transfer,
): Unpacked {
  return unpackFolder(connection, path, format, { limits: LIMITS, encoding }, chunks, transfer);
}

/** Unpacks an archive that lies in the sandbox. */
export function extractFile(
  connection: AgentConnection,
  path: string,
  { destination, encoding }: { readonly destination: string; readonly encoding: string | null | undefined },
  options: CallOptions | TransferOptions,
): Unpacked {
  return extractArchive(connection, path, destination, { limits: LIMITS, encoding }, options);
}

/** Whether an archive was not unpacked because the sandbox knows no such encoding. */
export function isUnknownEncoding(error: unknown): boolean {
  return error instanceof AgentFailure && error.code === 'unknown_encoding';
}
