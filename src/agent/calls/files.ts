import type { Readable } from 'node:stream';
import { z } from 'zod';
import { createDeferred, type Deferred } from '../../async/deferred.ts';
import type { AgentConnection } from '../wire/connection.ts';
import { AgentFailure } from '../wire/failures.ts';
import { type CallOptions, call, type TransferOptions } from './call.ts';
import { type Chunks, type Download, download, feedFrom } from './transfer.ts';

const fileStat = z.object({
  type: z.enum(['file', 'directory', 'symlink', 'other']),
  size: z.number().min(0),
  mtimeNs: z.string().regex(/^-?\d{1,20}$/),
  mode: z.int(),
  inode: z.string().regex(/^\d{1,20}$/),
});

/** What tells one version of a file from another. */
export type FileStat = z.infer<typeof fileStat>;

/** The kinds of archive that folders are packed into and unpacked from. */
export type ArchiveFormat = 'tar' | 'zip';

/** Caps on what an archive may unpack to. */
export interface ArchiveLimits {
  readonly entries: number;
  readonly bytes: number;
  /** Unpacked bytes for each byte of the archive. */
  readonly ratio: number;
  /** What an archive may unpack to whatever the ratio. */
  readonly small: number;
}

/** How an archive is to be unpacked. */
export interface UnpackOptions {
  readonly limits: ArchiveLimits;
  /** One of Python's encodings, for names that the archive does not say it of; AgentFailure `unknown_encoding` where there is none of that name. */
  readonly encoding?: string | null | undefined;
}

const archiveSize = z.object({ bytes: z.int().min(0).nullable() });
const written = z.object({ bytes: z.number().min(0), created: z.boolean() });
const extracted = z.object({ entries: z.number().min(0), bytes: z.number().min(0) });

/** How long a sandbox may take to unpack an archive after its last byte, in milliseconds. */
const UNPACK_MS = 600_000;

/** A file's bytes as they come, after its metadata; the reader's pace is the agent's. */
export interface FileDownload {
  readonly stat: FileStat;
  readonly body: Readable;
}

/** Metadata of a path; AgentFailure `not_found` where there is nothing. */
export function statPath(connection: AgentConnection, path: string, options: CallOptions): Promise<FileStat> {
  return call(connection, 'stat', { path }, fileStat, options);
}

/** What a write does only where the file at its path is as expected: `absent`, `present`, or one of these versions. */
export type WriteCondition = readonly string[];

/** Tells one version of a file from another: its size, time of change and inode. */
export function versionOf(stat: FileStat): string {
  return `${stat.size}-${stat.mtimeNs}-${stat.inode}`;
}

interface ReadOptions {
  readonly offset?: number;
  /** The most bytes that are read. */
  readonly length?: number;
  /** The bytes that are read, neither more nor fewer: the body fails where the file no longer has them. */
  readonly exactBytes?: number;
}

/** Opens a file for reading; resolves when its metadata is there. Destroying the body cancels the transfer. */
export async function readFile(
  connection: AgentConnection,
  path: string,
  options: (CallOptions | TransferOptions) & ReadOptions,
): Promise<FileDownload> {
  const { offset, length = options.exactBytes, exactBytes } = options;
  const stat = createDeferred<FileStat>();
  const parameters = { path, ...(offset === undefined ? {} : { offset }), ...(length === undefined ? {} : { length }) };
  const onEvent = (event: unknown) => {
    const parsed = fileStat.safeParse(event);
    if (parsed.success) stat.resolve(parsed.data);
    else stat.reject(new AgentFailure('internal', 'The agent gave malformed metadata.'));
  };
  const opened = download(connection, 'read', parameters, options, { onEvent, exactBytes: () => exactBytes });
  return { stat: await beforeBytes(stat, opened), body: opened.body };
}

/** What the agent says before the bytes of a download, which is given up where it is not said. */
async function beforeBytes<Value>(said: Deferred<Value>, { body, done }: Download): Promise<Value> {
  const nothing = new AgentFailure('internal', 'The agent did not say what it sent.');
  body.once('error', (error) => said.reject(error));
  done.then(() => said.reject(nothing)).catch(() => undefined);
  try {
    return await said.promise;
  } catch (error) {
    body.destroy();
    throw error;
  }
}

interface WriteOptions {
  /** How many bytes the chunks must have. */
  readonly size?: number | undefined;
  /** AgentFailure `changed` where the file is not as expected, before or after the chunks. */
  readonly only?: WriteCondition | undefined;
  /** Extended attributes by their whole names: all that the file has then. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/** Writes a whole file, atomically; `chunks` are taken as fast as the sandbox writes them. It is on the disk when this resolves. */
export function writeFile(
  connection: AgentConnection,
  path: string,
  chunks: Chunks,
  options: (CallOptions | TransferOptions) & WriteOptions,
): Promise<{ bytes: number; created: boolean }> {
  const { size, only, attributes } = options;
  const parameters = {
    path,
    ...(size === undefined ? {} : { size }),
    ...(only === undefined ? {} : { only }),
    ...(attributes === undefined ? {} : { attributes }),
  };
  return call(connection, 'write', parameters, written, options, {}, feedFrom(chunks, options));
}

/** Removes a file, with `empty` a folder that is, or with `recursive` any; false where there was nothing. */
export async function removePath(
  connection: AgentConnection,
  path: string,
  options: (CallOptions | TransferOptions) & { readonly recursive?: boolean; readonly empty?: boolean },
): Promise<boolean> {
  const { recursive = false, empty = false } = options;
  const parameters = { path, recursive, ...(empty ? { empty } : {}) };
  return (await call(connection, 'remove', parameters, z.object({ removed: z.boolean() }), options)).removed;
}

/** Unpacks an archive that lies in the sandbox; refuses it whole where it is unsafe or over the limits. */
export function extractArchive(
  connection: AgentConnection,
  path: string,
  destination: string,
  { limits, encoding = null }: UnpackOptions,
  options: CallOptions | TransferOptions,
): Promise<{ entries: number; bytes: number }> {
  return call(connection, 'extract', { path, destination, limits, encoding }, extracted, options);
}

/** An archive's bytes as they come; `sizeBytes` is null where it is not known before the end. The body fails where they are others. */
export interface ArchiveDownload {
  readonly sizeBytes: number | null;
  readonly body: Readable;
}

/** A folder as an archive, made while it is read; resolves when there is nothing left to refuse and the first byte is on its way. */
export async function packFolder(
  connection: AgentConnection,
  path: string,
  format: ArchiveFormat,
  options: CallOptions | TransferOptions,
): Promise<ArchiveDownload> {
  const size = createDeferred<number | null>();
  // No byte is taken before the size, and no other size after it: the client may have been told the first.
  let exactBytes: number | null = 0;
  let isSized = false;
  const onEvent = (event: unknown) => {
    const parsed = archiveSize.safeParse(event);
    if (isSized || !parsed.success)
      return size.reject(new AgentFailure('internal', 'The agent gave a malformed size.'));
    isSized = true;
    exactBytes = parsed.data.bytes;
    size.resolve(exactBytes);
  };
  const opened = download(connection, 'pack', { path, format }, options, {
    onEvent,
    exactBytes: () => exactBytes ?? undefined,
  });
  return { sizeBytes: await beforeBytes(size, opened), body: opened.body };
}

/** Unpacks an archive that is sent, of a format or of what its content says, into a folder of the sandbox; refuses it whole where it is unsafe or over the limits. */
export function unpackFolder(
  connection: AgentConnection,
  destination: string,
  format: ArchiveFormat | undefined,
  { limits, encoding = null }: UnpackOptions,
  chunks: Chunks,
  options: CallOptions | TransferOptions,
): Promise<{ entries: number; bytes: number }> {
  const parameters = { destination, ...(format === undefined ? {} : { format }), limits, encoding };
  return call(connection, 'unpack', parameters, extracted, options, {}, feedFrom(chunks, options, UNPACK_MS));
}
