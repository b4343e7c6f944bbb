import { describeEntry, type FileEntry, type ListOptions, listEntries } from '../agent/calls/entries.ts';
import type { AgentConnection } from '../agent/wire/connection.ts';
import type { SandboxRef } from '../sandboxes/ref.ts';
import type { Sandboxes } from '../sandboxes/sandboxes.ts';

export type { FileEntry, ListOptions };

/** How long a look at one path may take, in milliseconds. */
const LOOK_MS = 30_000;

/** How long work on many files may take before it is ended, in milliseconds: below the 60 s that clients wait. */
const WORK_MS = 45_000;

/** Folders of sandboxes and what is in them, all reached through the agent. Reading throws `not_found` where there is no sandbox. */
export class FileTree {
  readonly #sandboxes: Sandboxes;

  constructor(sandboxes: Sandboxes) {
    this.#sandboxes = sandboxes;
  }

  /** What is at a path. */
  async stat(ref: SandboxRef, path: string, follow: boolean, signal: AbortSignal): Promise<FileEntry> {
    return await this.#reading(ref, (connection) =>
      describeEntry(connection, path, follow, { deadlineMs: LOOK_MS, signal }),
    );
  }

  /** A page of what is below a folder, depth first and by the bytes of the names. */
  async list(ref: SandboxRef, path: string, list: ListOptions, signal: AbortSignal): ReturnType<typeof listEntries> {
    return await this.#reading(ref, (connection) => listEntries(connection, path, list, { idleMs: WORK_MS, signal }));
  }

  /** Wakes the sandbox, and makes none. */
  async #reading<T>(ref: SandboxRef, work: (connection: AgentConnection) => Promise<T>): Promise<T> {
    await this.#sandboxes.isUp(ref);
    return await this.#sandboxes.use(ref, { lease: 'file' }, ({ connection }) => work(connection));
  }
}
