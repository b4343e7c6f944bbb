import type { Readable } from 'node:stream';
import type { TransferOptions } from '../agent/calls/call.ts';
import {
  type ArchiveDownload,
  type ArchiveFormat,
  type ArchiveLimits,
  extractArchive,
  type FileStat,
  packFolder,
  readFile,
  removePath,
  unpackFolder,
  type WriteCondition,
  writeFile,
} from '../agent/calls/files.ts';
import type { Chunks } from '../agent/calls/transfer.ts';
import type { AgentConnection } from '../agent/wire/connection.ts';
import { AgentFailure } from '../agent/wire/failures.ts';
import type { SandboxRef } from '../sandboxes/asked/ref.ts';
import type { Sandboxes } from '../sandboxes/sandboxes.ts';
import { type Choice, type IsUnchanged, openPart, readWholeFile, requireFolder, versionIf } from './reading.ts';
import { FilesTimeout } from './refusals.ts';

export { versionOf } from '../agent/calls/files.ts';
export type { ArchiveFormat, FileStat, IsUnchanged, WriteCondition };

/** What an archive may unpack to. */
const ARCHIVE_LIMITS: ArchiveLimits = { entries: 100_000, bytes: 4 * 2 ** 30, ratio: 200, small: 16 * 2 ** 20 };

/** How long a sandbox may move no byte while it is the one that is waited for, in milliseconds. */
const IDLE_MS = 30_000;

/** How long a call about files may take, and what ends it. */
export interface FileCallOptions {
  readonly signal: AbortSignal;
  /** How long the sandbox may take, in milliseconds. */
  readonly deadlineMs: number;
}

/** What ends a transfer. */
export interface StreamOptions {
  readonly signal: AbortSignal;
}

/** How an upload is written. */
interface UploadOptions extends StreamOptions {
  /** How many bytes the chunks must have. */
  readonly size: number | undefined;
  readonly only: WriteCondition | IsUnchanged | undefined;
  /** Extended attributes by their whole names: all that the file has then. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A part of a file on its way; `body` is null where no bytes are wanted. */
interface OpenedPart<Chosen> {
  readonly chosen: Chosen;
  readonly body: Readable | null;
}

/** Files of sandboxes, all reached through the agent. What the sandbox refuses is an error for which `isRefusal` is true. */
export class Files {
  readonly #sandboxes: Sandboxes;
  readonly #onBytes: (bytes: number) => void;

  /** `onBytes` hears of all bytes that are streamed, in either direction. */
  constructor(sandboxes: Sandboxes, onBytes: (bytes: number) => void) {
    this.#sandboxes = sandboxes;
    this.#onBytes = onBytes;
  }

  /** A whole file in memory; throws `too_large` over the limit, before anything is transferred. */
  async read(ref: SandboxRef, path: string, limitBytes: number, options: FileCallOptions): Promise<Buffer> {
    return await this.#sandboxes.use(ref, { lease: 'file' }, ({ connection }) =>
      readWholeFile(connection, path, limitBytes, options),
    );
  }

  /** Writes a whole file, atomically; it is on the disk when this resolves. */
  async write(ref: SandboxRef, path: string, bytes: Buffer, options: FileCallOptions): Promise<{ bytes: number }> {
    return await this.#sandboxes.use(ref, { lease: 'file', needsRoom: true }, ({ connection }) =>
      writeFile(connection, path, [bytes], { ...options, size: bytes.length }),
    );
  }

  /** Removes a file; one that is not there counts as removed. */
  async remove(ref: SandboxRef, path: string, options: FileCallOptions): Promise<void> {
    await this.#sandboxes.use(ref, { lease: 'file' }, ({ connection }) => removePath(connection, path, options));
  }

  /**
   * Opens the part of a file that `choose` wants when it sees the metadata, for `send`, which resolves when the body was taken. Throws
   * `not_found` where there is no sandbox.
   */
  async download<Chosen extends Choice>(
    ref: SandboxRef,
    path: string,
    choose: (stat: FileStat, sizeBytes: number | null) => Chosen,
    options: StreamOptions,
    send: (part: OpenedPart<Chosen>) => Promise<unknown>,
  ): Promise<void> {
    await this.#sandboxes.isUp(ref);
    await this.#sandboxes.use(ref, { lease: 'file' }, async ({ connection }) => {
      await send(await openPart(connection, path, choose, this.#toTransfer(options)));
    });
  }

  /** Writes a whole file of any size, atomically, as fast as the sandbox takes its chunks; it is on the disk when this resolves. */
  async upload(
    ref: SandboxRef,
    path: string,
    chunks: Chunks,
    { size, only, attributes, ...options }: UploadOptions,
  ): Promise<{ bytes: number; created: boolean }> {
    return await this.#sandboxes.use(ref, { lease: 'file', needsRoom: true }, async ({ connection }) => {
      const condition = typeof only === 'function' ? await versionIf(connection, path, only, options.signal) : only;
      return await writeFile(connection, path, chunks, {
        ...this.#toTransfer(options),
        size,
        only: condition,
        attributes,
      });
    });
  }

  /** Writes the contents of files one after the other into another, which is there when all is. */
  async join(ref: SandboxRef, paths: readonly string[], target: string, options: StreamOptions): Promise<void> {
    const transfer = this.#toTransfer(options);
    await this.#sandboxes.use(ref, { lease: 'file', needsRoom: true }, async ({ connection }) => {
      await writeFile(connection, target, contentsOf(connection, paths, transfer), transfer);
    });
  }

  /**
   * Packs a folder into an archive while it is read, for `send`, which resolves when the body was taken. Throws `not_found` where there is
   * no sandbox.
   */
  async pack(
    ref: SandboxRef,
    path: string,
    format: ArchiveFormat,
    options: StreamOptions,
    send: (archive: ArchiveDownload) => Promise<unknown>,
  ): Promise<void> {
    await this.#sandboxes.isUp(ref);
    await this.#sandboxes.use(ref, { lease: 'file' }, async ({ connection }) => {
      await requireFolder(connection, path, options.signal);
      await send(await packFolder(connection, path, format, this.#toTransfer(options)));
    });
  }

  /** Unpacks an archive that is sent into a folder; one that is unsafe or over the limits is refused whole. */
  async unpack(
    ref: SandboxRef,
    path: string,
    archive: {
      /** Absent: what its content says. */
      readonly format: ArchiveFormat | undefined;
      readonly encoding?: string | undefined;
      readonly chunks: Chunks;
    },
    options: StreamOptions,
  ): Promise<{ entries: number; bytes: number }> {
    const { format, encoding, chunks } = archive;
    const how = { limits: ARCHIVE_LIMITS, encoding };
    return await this.#sandboxes.use(ref, { lease: 'file', needsRoom: true }, ({ connection }) =>
      unpackFolder(connection, path, format, how, chunks, this.#toTransfer(options)),
    );
  }

  /**
   * Unpacks an archive that lies in the sandbox. Throws FilesTimeout where that takes until `endByMs`, on the clock of
   * `performance.now()`; what was unpacked by then stays.
   */
  async extract(
    ref: SandboxRef,
    path: string,
    destination: string,
    options: { readonly endByMs: number; readonly encoding?: string | null | undefined; readonly signal: AbortSignal },
  ): Promise<void> {
    const { endByMs, encoding, signal } = options;
    await this.#sandboxes.use(ref, { lease: 'file', needsRoom: true }, async ({ connection }) => {
      const idleMs = endByMs - performance.now();
      const how = { limits: ARCHIVE_LIMITS, encoding };
      try {
        await extractArchive(connection, path, destination, how, { idleMs, signal });
      } catch (error) {
        throw wasEnded(connection, error) ? tooSlow(idleMs) : error;
      }
    });
  }

  #toTransfer(options: StreamOptions): { idleMs: number; signal: AbortSignal; onBytes: (bytes: number) => void } {
    return { idleMs: IDLE_MS, onBytes: this.#onBytes, ...options };
  }
}

async function* contentsOf(
  connection: AgentConnection,
  paths: readonly string[],
  options: TransferOptions,
): AsyncGenerator<Buffer> {
  for (const path of paths) yield* (await readFile(connection, path, options)).body;
}

/** Whether work took so long that it was ended, as the agent lives to say. */
function wasEnded(connection: AgentConnection, error: unknown): boolean {
  return error instanceof AgentFailure && error.code === 'hung' && connection.isOpen;
}

function tooSlow(afterMs: number): FilesTimeout {
  const seconds = Math.round(afterMs / 1000);
  return new FilesTimeout(
    `Unpacking was ended after ${seconds} seconds; what was unpacked until then stays. unzip or tar in a shell command may take longer.`,
  );
}
