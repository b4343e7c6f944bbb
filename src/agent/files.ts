import { Readable } from 'node:stream';
import { z } from 'zod';
import { createDeferred } from '../deferred.ts';
import { type CallOptions, call } from './call.ts';
import type { Channel } from './channel.ts';
import type { AgentConnection } from './connection.ts';
import { AgentFailure } from './failures.ts';

const fileStat = z.object({
  type: z.enum(['file', 'directory', 'symlink', 'other']),
  size: z.number().min(0),
  mtimeNs: z.string().regex(/^-?\d{1,20}$/),
  mode: z.int(),
  inode: z.string().regex(/^\d{1,20}$/),
});

export type FileStat = z.infer<typeof fileStat>;

/** Caps on what an archive may unpack to. */
export interface ArchiveLimits {
  readonly entries: number;
  readonly bytes: number;
  /** Unpacked bytes for each byte of the archive. */
  readonly ratio: number;
}

const transferred = z.object({ bytes: z.number().min(0) });
const extracted = z.object({ entries: z.number().min(0), bytes: z.number().min(0) });

/** A file's bytes as they come, after its metadata; the reader's pace is the agent's. */
export interface FileDownload {
  readonly stat: FileStat;
  readonly body: Readable;
}

/** Metadata of a path; AgentFailure `not_found` where there is nothing. */
export function statPath(connection: AgentConnection, path: string, options: CallOptions): Promise<FileStat> {
  return call(connection, 'stat', { path }, fileStat, options);
}

/** Opens a file for reading; resolves when its metadata is there. Destroying the body cancels the transfer. */
export async function readFile(
  connection: AgentConnection,
  path: string,
  options: CallOptions & { readonly offset?: number; readonly length?: number },
): Promise<FileDownload> {
  const { offset, length } = options;
  const stat = createDeferred<FileStat>();
  const parameters = { path, ...(offset === undefined ? {} : { offset }), ...(length === undefined ? {} : { length }) };
  const body = download(connection, 'read', parameters, options, (event) => {
    const parsed = fileStat.safeParse(event);
    if (parsed.success) stat.resolve(parsed.data);
    else stat.reject(new AgentFailure('internal', 'The agent gave malformed metadata.'));
  });
  body.on('error', (error) => stat.reject(error));
  try {
    return { stat: await stat.promise, body };
  } catch (error) {
    body.destroy();
    throw error;
  }
}

/** Writes a whole file, atomically; `chunks` are taken as fast as the sandbox writes them. */
export async function writeFile(
  connection: AgentConnection,
  path: string,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  options: CallOptions & { readonly size?: number },
): Promise<number> {
  const parameters = { path, ...(options.size === undefined ? {} : { size: options.size }) };
  const feed = (channel: Channel) => sendAll(channel, chunks);
  return (await call(connection, 'write', parameters, transferred, options, {}, feed)).bytes;
}

/** Removes a file, or with `recursive` a folder; false where there was nothing. */
export async function removePath(
  connection: AgentConnection,
  path: string,
  options: CallOptions & { readonly recursive?: boolean },
): Promise<boolean> {
  const parameters = { path, recursive: options.recursive ?? false };
  return (await call(connection, 'remove', parameters, z.object({ removed: z.boolean() }), options)).removed;
}

/** Unpacks an archive that lies in the sandbox; refuses it whole where it is unsafe or over the limits. */
export function extractArchive(
  connection: AgentConnection,
  path: string,
  destination: string,
  limits: ArchiveLimits,
  options: CallOptions,
): Promise<{ entries: number; bytes: number }> {
  return call(connection, 'extract', { path, destination, limits }, extracted, options);
}

/** A folder as an archive, made while it is read. */
export function packFolder(
  connection: AgentConnection,
  path: string,
  format: 'tar' | 'zip',
  options: CallOptions,
): Readable {
  return download(connection, 'pack', { path, format }, options);
}

/** Unpacks an archive that is sent, into a folder of the sandbox. */
export function unpackFolder(
  connection: AgentConnection,
  destination: string,
  format: 'tar' | 'zip',
  limits: ArchiveLimits,
  chunks: AsyncIterable<Buffer>,
  options: CallOptions,
): Promise<{ entries: number; bytes: number }> {
  const feed = (channel: Channel) => sendAll(channel, chunks);
  return call(connection, 'unpack', { destination, format, limits }, extracted, options, {}, feed);
}

async function sendAll(channel: Channel, chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of chunks) {
    await channel.write(0, chunk);
    if (channel.isOver) return;
  }
  channel.end(0);
}

function download(
  connection: AgentConnection,
  op: string,
  parameters: Readonly<Record<string, unknown>>,
  options: CallOptions,
  onEvent: (event: unknown) => void = () => undefined,
): Readable {
  const abort = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, abort.signal]) : abort.signal;
  let opened: Channel | undefined;
  let withheld = 0;
  const body = new Readable({
    highWaterMark: 131_072,
    read: () => {
      opened?.consumed(withheld);
      withheld = 0;
    },
    destroy: (error, done) => {
      abort.abort();
      done(error);
    },
  });
  const onData = (_stream: number, payload: Buffer) => {
    if (body.push(payload)) opened?.consumed(payload.length);
    else withheld += payload.length;
  };
  const feed = (channel: Channel) => {
    opened = channel;
  };
  call(connection, op, parameters, z.unknown(), { ...options, signal }, { onData, onEvent }, feed).then(
    () => body.push(null),
    (error: Error) => body.destroy(error),
  );
  return body;
}
