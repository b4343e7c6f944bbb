import type { SandboxRef } from './asked/ref.ts';
import type { Changes } from './changes/changes.ts';
import type { NotedContext } from './storage/noted-context.ts';
import type { SandboxStore } from './storage/store.ts';

export type { NotedContext };

interface ContextNotesParts {
  readonly changes: Changes;
  readonly store: SandboxStore;
}

/** What the records of sandboxes keep of their contexts, so that those are known after a stop. Throws `not_found` where there is no sandbox. */
export class ContextNotes {
  readonly #parts: ContextNotesParts;

  constructor(parts: ContextNotesParts) {
    this.#parts = parts;
  }

  /** All that are noted, oldest first. */
  async list(ref: SandboxRef): Promise<readonly NotedContext[]> {
    return (await this.#parts.changes.findExisting(ref)).record?.contexts ?? [];
  }

  /** Notes one in passing where none of its id is noted: on disk with what else is written soon. */
  async noteSoon(ref: SandboxRef, note: NotedContext): Promise<void> {
    const { changes, store } = this.#parts;
    const { record, isExisting } = await changes.find(ref);
    if (!isExisting || !record || record.contexts.some(({ id }) => id === note.id)) return;
    record.contexts = [...record.contexts, note];
    store.writeSoon(record);
  }

  /** Notes what `change` makes of what is noted. */
  async change(ref: SandboxRef, change: (noted: readonly NotedContext[]) => readonly NotedContext[]): Promise<void> {
    const { changes, store } = this.#parts;
    const sandbox = await changes.findExisting(ref);
    await changes.exclusively(sandbox, async () => {
      const { record } = sandbox;
      if (!record) return;
      sandbox.record = { ...record, contexts: [...change(record.contexts)] };
      await store.write(sandbox.record);
    });
  }
}
