import { join } from 'node:path';
import { KeyedMutex } from '../async/keyed-mutex.ts';
import type { SandboxId } from '../base/sandbox-address.ts';
import type { SandboxRef } from './asked/ref.ts';
import type { Changes } from './changes/changes.ts';
import { appendLog, type LogLine, readLog } from './storage/sandbox-log.ts';
import type { SandboxStore } from './storage/store.ts';

export type { LogLine };

interface SandboxLogsParts {
  readonly changes: Changes;
  readonly store: SandboxStore;
}

/** The logs of sandboxes: what their main processes wrote and what happened to them, in their folders. */
export class SandboxLogs {
  readonly #parts: SandboxLogsParts;
  readonly #writing = new KeyedMutex<SandboxId>();

  constructor(parts: SandboxLogsParts) {
    this.#parts = parts;
  }

  /** What is kept of the log, oldest first, from a moment of the wall clock on; throws `not_found` where there is no sandbox. */
  async read(ref: SandboxRef, sinceMs = 0): Promise<readonly LogLine[]> {
    const { id } = await this.#parts.changes.findExisting(ref);
    return (await this.#read(id)).filter(({ atMs }) => atMs >= sinceMs);
  }

  /** Adds lines; where the sandbox is gone they are of no use. */
  async append(id: SandboxId, lines: readonly LogLine[]): Promise<void> {
    if (lines.length === 0) return;
    await this.#writing.run(id, () => appendLog(this.#fileOf(id), lines));
  }

  /** The last event of a process whose output is noted since it began; 0 where none is. */
  async lastEvent(id: SandboxId, processId: number, sinceMs: number): Promise<number> {
    const noted = (await this.#read(id)).filter((line) => line.processId === processId && line.atMs >= sinceMs);
    return noted.reduce((last, { eventId = 0 }) => Math.max(last, eventId), 0);
  }

  async #read(id: SandboxId): Promise<readonly LogLine[]> {
    return await this.#writing.run(id, () => readLog(this.#fileOf(id)));
  }

  #fileOf(id: SandboxId): string {
    return join(this.#parts.store.folderOf(id), 'log');
  }
}
