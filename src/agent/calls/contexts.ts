import { z } from 'zod';
import type { AgentConnection } from '../wire/connection.ts';
import { call } from './call.ts';

/** How long an answer that waits for nothing may take, in milliseconds. */
const ANSWER_MS = 20_000;

const contextFacts = z.object({
  id: z.string().min(1).max(64),
  about: z.record(z.string(), z.unknown()),
  language: z.string().max(32),
  state: z.enum(['idle', 'busy', 'dead']),
  executionCount: z.int().min(0),
  createdAtMs: z.number(),
  lastUsedAtMs: z.number(),
});

/** What the agent knows of an interpreter that it keeps; `about` is what the server that made it said of it. */
export type ContextFacts = z.infer<typeof contextFacts>;

/** What an interpreter is made with. */
export interface ContextSetup {
  readonly about: Readonly<Record<string, unknown>>;
  readonly language: string;
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** True where variables of an interpreter before it are gone, so that its first answer says so. */
  readonly isLost: boolean;
  /** True if values are shown as data too, such as frames by their columns and charts by their points, and tracebacks are no output. */
  readonly isRich?: boolean | undefined;
}

/** The setup as the agent reads it. */
export function setupParameters({ about, language, cwd, env, isLost, isRich }: ContextSetup): Record<string, unknown> {
  const more = { ...(isLost ? { lost: true } : {}), ...(isRich ? { rich: true } : {}) };
  return { about, language, cwd, ...(env === undefined ? {} : { env }), ...more };
}

/** Makes an interpreter where there is none of this id, and says whether it did; AgentFailure `exists` where there are `most`. */
export async function makeContext(
  connection: AgentConnection,
  id: string,
  setup: ContextSetup,
  most: number,
): Promise<{ readonly context: ContextFacts; readonly made: boolean }> {
  const schema = z.object({ context: contextFacts, made: z.boolean() });
  const parameters = { id, ...setupParameters(setup), most };
  return await call(connection, 'context', parameters, schema, { deadlineMs: ANSWER_MS });
}

/** All interpreters that are kept, in the order in which they were made. */
export async function listContexts(connection: AgentConnection): Promise<readonly ContextFacts[]> {
  const schema = z.object({ contexts: z.array(contextFacts).max(1024) });
  return (await call(connection, 'contexts', {}, schema, { deadlineMs: ANSWER_MS })).contexts;
}

/** Does something to one interpreter; AgentFailure `not_found` where none of this id is kept. */
export function changeContext(
  connection: AgentConnection,
  verb: 'interrupt' | 'restart' | 'delete',
  id: string,
): Promise<ContextFacts> {
  return call(connection, `context_${verb}`, { id }, contextFacts, { deadlineMs: ANSWER_MS });
}
