import { z } from 'zod';
import type { ContextFacts } from '../agent/calls/contexts.ts';
import type { NotedContext } from '../sandboxes/context-notes.ts';
import { WORKSPACE } from '../sandboxes/spec/folders.ts';

/** The context that is always there. */
export const DEFAULT_CONTEXT = 'default';

/** An interpreter whose variables live on between calls. */
export interface Context {
  readonly id: string;
  readonly name: string | null;
  readonly language: string;
  readonly cwd: string;
  /** `dead` where its interpreter is gone until it is used again. */
  readonly state: 'idle' | 'busy' | 'dead';
  readonly executionCount: number;
  /** Null for the default one before its first use. */
  readonly createdAtMs: number | null;
  readonly lastUsedAtMs: number | null;
}

const about = z.object({ name: z.string().max(255).nullable(), cwd: z.string().max(4096) });

/** A context as its agent tells it; what that says in the server's name is checked anew. */
export function toContext(facts: ContextFacts): Context {
  const { id, language, state, executionCount, createdAtMs, lastUsedAtMs } = facts;
  const { name, cwd } = about.safeParse(facts.about).data ?? { name: null, cwd: WORKSPACE };
  return { id, name, language, cwd, state, executionCount, createdAtMs, lastUsedAtMs };
}

/** One whose interpreter ended with its sandbox. */
export function toDeadContext({ id, name, language, cwd, createdAtMs }: NotedContext): Context {
  return { id, name, language, cwd, state: 'dead', executionCount: 0, createdAtMs, lastUsedAtMs: null };
}

/** The default one before its first use. */
export const UNUSED_DEFAULT: Context = {
  id: DEFAULT_CONTEXT,
  name: null,
  language: 'python',
  cwd: WORKSPACE,
  state: 'idle',
  executionCount: 0,
  createdAtMs: null,
  lastUsedAtMs: null,
};
