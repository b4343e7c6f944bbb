import type { NotedContext } from '../sandboxes/context-notes.ts';
import { type Context, UNUSED_DEFAULT } from './context.ts';

/** What is noted of a context. */
export function toNote({ id, name, language, cwd, createdAtMs }: Context): NotedContext {
  return { id, name, language, cwd, createdAtMs: createdAtMs ?? 0 };
}

/** That the default context was used, which nobody has made. */
export const USED_DEFAULT: NotedContext = { ...toNote(UNUSED_DEFAULT), isByUse: true };

/** The notes with this one, which takes the place of one of its id: `most`, and of more those go first that have no interpreter. */
export function withNote(
  noted: readonly NotedContext[],
  note: NotedContext,
  { most, alive }: { readonly most: number; readonly alive: ReadonlySet<string> },
): readonly NotedContext[] {
  const others = noted.filter(({ id }) => id !== note.id);
  let excess = others.length + 1 - most;
  const kept = others.filter(({ id }) => {
    if (excess <= 0 || alive.has(id)) return true;
    excess -= 1;
    return false;
  });
  return [...kept, note];
}
