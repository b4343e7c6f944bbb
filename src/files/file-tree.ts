import { setImmediate } from 'node:timers/promises';
import {
  changeMode,
  editText,
  makeFolder,
  type RelocationRequest,
  relocate,
  type TextEdit,
} from '../agent/calls/changes.ts';
import {
  type DetailedEntry,
  describeEntry,
  describeInDetail,
  type FileEntry,
  type ListOptions,
  listEntries,
  listInDetail,
} from '../agent/calls/entries.ts';
import { removePath } from '../agent/calls/files.ts';
import {
  globEntries,
  hashFile,
  type SearchMatch,
  type SearchRequest,
  type SearchResult,
  searchFiles,
} from '../agent/calls/search.ts';
import { type FileChange, settleWatches, watchFolder } from '../agent/calls/watch.ts';
import type { AgentConnection } from '../agent/wire/connection.ts';
import { AgentFailure } from '../agent/wire/failures.ts';
import type { SandboxRef } from '../sandboxes/asked/ref.ts';
import type { Sandboxes } from '../sandboxes/sandboxes.ts';

export type { DetailedEntry, FileChange, FileEntry, SearchMatch };

/** How long a look at one path may take, in milliseconds. */
const LOOK_MS = 30_000;

/** How long work on many files may take before it is ended, in milliseconds: below the 60 s that clients wait. */
const WORK_MS = 45_000;

/** Entries that are asked for at a time. */
const PAGE = 10_000;

/** The same of what writes or reads as many bytes as there are. */
const BULK_MS = 290_000;

/**
 * Folders of sandboxes and what is in them, all reached through the agent. Reading throws `not_found` where there is no sandbox;
 * changing makes one.
 */
export class FileTree {
  readonly #sandboxes: Sandboxes;

  constructor(sandboxes: Sandboxes) {
    this.#sandboxes = sandboxes;
  }

  /** What is at a path. */
  async stat(ref: SandboxRef, path: string, follow: boolean, signal: AbortSignal): Promise<FileEntry> {
    return await this.#read(ref, (connection) =>
      describeEntry(connection, path, follow, { deadlineMs: LOOK_MS, signal }),
    );
  }

  /** A page of what is below a folder, depth first and by the bytes of the names. */
  async list(ref: SandboxRef, path: string, list: ListOptions, signal: AbortSignal): ReturnType<typeof listEntries> {
    return await this.#read(ref, (connection) => listEntries(connection, path, list, { idleMs: WORK_MS, signal }));
  }

  /** All that is in a folder itself, by the bytes of the names. */
  async children(ref: SandboxRef, path: string, signal: AbortSignal): Promise<readonly FileEntry[]> {
    const found: FileEntry[] = [];
    let after: string | null = null;
    do {
      const page = await this.list(ref, path, { depth: 1, limit: PAGE, hidden: true, after }, signal);
      found.push(...page.entries);
      after = page.next;
    } while (after !== null);
    return found;
  }

  /** What is at a path, links not followed, with the extended attributes whose names begin so. */
  async statInDetail(ref: SandboxRef, path: string, prefix: string, signal: AbortSignal): Promise<DetailedEntry> {
    return await this.#read(ref, (connection) =>
      describeInDetail(connection, path, prefix, { deadlineMs: LOOK_MS, signal }),
    );
  }

  /** A page of a folder in the same detail. */
  async listInDetail(
    ref: SandboxRef,
    path: string,
    list: ListOptions & { readonly prefix: string },
    signal: AbortSignal,
  ): ReturnType<typeof listInDetail> {
    return await this.#read(ref, (connection) => listInDetail(connection, path, list, { idleMs: WORK_MS, signal }));
  }

  /** What below a folder fits a pattern of names, within ten seconds. */
  async glob(
    ref: SandboxRef,
    path: string,
    glob: { readonly pattern: string; readonly limit: number },
    signal: AbortSignal,
  ): ReturnType<typeof globEntries> {
    return await this.#read(ref, (connection) => globEntries(connection, path, glob, { idleMs: WORK_MS, signal }));
  }

  /** Lines of files that hold a text or fit an expression, within ten seconds; an error for which `isBadPattern` is true where it is none. */
  async search(ref: SandboxRef, path: string, request: SearchRequest, signal: AbortSignal): Promise<SearchResult> {
    return await this.#read(ref, (connection) => searchFiles(connection, path, request, { idleMs: WORK_MS, signal }));
  }

  /** The digest of a file. */
  async hash(ref: SandboxRef, path: string, algorithm: string, signal: AbortSignal): ReturnType<typeof hashFile> {
    return await this.#read(ref, (connection) => hashFile(connection, path, algorithm, { idleMs: BULK_MS, signal }));
  }

  /** Makes a folder where there is none. */
  async makeFolder(
    ref: SandboxRef,
    path: string,
    how: { readonly parents: boolean; readonly mode?: number | undefined },
    signal: AbortSignal,
  ): ReturnType<typeof makeFolder> {
    return await this.#change(ref, true, (connection) =>
      makeFolder(connection, path, how, { deadlineMs: LOOK_MS, signal }),
    );
  }

  /** Moves or copies a file or folder; throws `conflict` where something is at its place, unless that is to be replaced. */
  async relocate(
    ref: SandboxRef,
    op: 'move' | 'copy',
    request: RelocationRequest,
    signal: AbortSignal,
  ): Promise<FileEntry> {
    return await this.#change(ref, op === 'copy', (connection) =>
      relocate(connection, op, request, { idleMs: BULK_MS, signal }),
    );
  }

  /** Sets the mode of a file or folder. */
  async changeMode(
    ref: SandboxRef,
    path: string,
    how: { readonly mode: number; readonly recursive: boolean },
    signal: AbortSignal,
  ): Promise<FileEntry> {
    return await this.#change(ref, false, (connection) =>
      changeMode(connection, path, how, { idleMs: WORK_MS, signal }),
    );
  }

  /** Removes what is at a path; throws `not_found` where there is nothing, `conflict` for a folder that is not empty unless it is recursive. */
  async remove(ref: SandboxRef, path: string, recursive: boolean, signal: AbortSignal): Promise<void> {
    const isRemoved = await this.#change(ref, false, (connection) =>
      removePath(connection, path, { idleMs: BULK_MS, signal, recursive, empty: true }),
    );
    if (!isRemoved) throw new AgentFailure('not_found', `There is no such file or folder: ${path.toWellFormed()}.`);
  }

  /** Replaces texts in a file, all of them or none; throws `conflict` where one does not fit. */
  async edit(
    ref: SandboxRef,
    path: string,
    edits: readonly TextEdit[],
    signal: AbortSignal,
  ): ReturnType<typeof editText> {
    return await this.#change(ref, true, (connection) =>
      editText(connection, path, edits, { idleMs: WORK_MS, signal }),
    );
  }

  /**
   * What happens in a folder as it happens: null first, once all is watched; ends when the folder is gone. Throws `limit` where there are
   * too many watchers or folders. While it is read the sandbox stays awake.
   */
  async *watch(
    ref: SandboxRef,
    path: string,
    isRecursive: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<FileChange | null> {
    await this.#sandboxes.isUp(ref);
    const held = await this.#sandboxes.acquire(ref, { lease: 'watch' });
    let failure: unknown = null;
    try {
      yield* watchFolder(held.connection, { path, isRecursive, signal });
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      held.release(failure);
    }
  }

  /** Resolves when whoever watches has all that has happened so far. That is no use of the sandbox. */
  async settleWatches(ref: SandboxRef): Promise<void> {
    await this.#sandboxes.look(ref, settleWatches);
    // What has come on the same connection is passed on in the turn in which it was read.
    await setImmediate();
  }

  /** Wakes the sandbox, and makes none. */
  async #read<T>(ref: SandboxRef, work: (connection: AgentConnection) => Promise<T>): Promise<T> {
    await this.#sandboxes.isUp(ref);
    return await this.#sandboxes.use(ref, { lease: 'file' }, ({ connection }) => work(connection));
  }

  /** Wakes the sandbox, or makes it. */
  async #change<T>(ref: SandboxRef, needsRoom: boolean, work: (connection: AgentConnection) => Promise<T>): Promise<T> {
    return await this.#sandboxes.use(ref, { lease: 'file', needsRoom }, ({ connection }) => work(connection));
  }
}
