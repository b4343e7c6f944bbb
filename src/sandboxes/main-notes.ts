import type { Clock } from '../async/clock.ts';
import type { SandboxId } from '../base/sandbox-address.ts';
import type { SandboxRef } from './asked/ref.ts';
import type { Changes } from './changes/changes.ts';
import { halt } from './lifecycle/halting.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import type { Registry } from './registry/registry.ts';
import type { MainProcess } from './storage/record.ts';
import type { SandboxStore } from './storage/store.ts';

interface MainNotesParts {
  readonly changes: Changes;
  readonly registry: Registry;
  readonly lifecycle: Lifecycle;
  readonly store: SandboxStore;
  readonly clock: Clock;
}

/** A sandbox that has a main process, and what that is. */
export interface FoundMain {
  readonly ref: SandboxRef;
  readonly main: MainProcess;
  /** Since when the sandbox runs, on the wall clock. */
  readonly startedAtMs: number | null;
}

/** What the records of sandboxes say of their main processes. */
export class MainNotes {
  readonly #parts: MainNotesParts;

  constructor(parts: MainNotesParts) {
    this.#parts = parts;
  }

  /** The main process of a sandbox in memory, once nobody changes that; null where it has none, or does not run. */
  async find(id: SandboxId): Promise<FoundMain | null> {
    const sandbox = this.#parts.registry.at(id);
    if (!sandbox) return null;
    return await sandbox.mutex.run(async () => {
      const { record, address } = sandbox;
      if (!sandbox.isUp || !record?.main) return null;
      const principal = { name: record.createdBy ?? '', userPrefix: '', maxSandboxes: null };
      return { ref: { address, principal }, main: record.main, startedAtMs: record.startedAtMs };
    });
  }

  /** Stops a sandbox whose main process has ended, until somebody starts it; nothing where it was started anew meanwhile. */
  async end({ ref, startedAtMs }: FoundMain, exitCode: number): Promise<void> {
    const { changes } = this.#parts;
    const sandbox = await changes.find(ref);
    await changes.exclusively(sandbox, async () => {
      if (!sandbox.isUp || sandbox.record?.startedAtMs !== startedAtMs) return;
      await halt(this.#parts, sandbox, 'main_ended', { mainExitCode: exitCode });
    });
  }
}
