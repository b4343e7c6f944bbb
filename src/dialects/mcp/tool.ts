import { z } from 'zod';
import { isSandboxError } from '../../base/errors.ts';
import { parsePart } from '../../http/validation/validation.ts';
import type { SandboxRef } from '../../sandboxes/asked/ref.ts';
import type { Core } from '../dialect.ts';
import type { Block } from './blocks.ts';
import { sandboxId } from './fields.ts';

/** What a tool does to the world, as clients show it before they let a model call it. */
interface ToolHints {
  readonly readOnlyHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

/** A tool as `tools/list` has it. */
interface ListedTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: { readonly type: 'object'; readonly [key: string]: unknown };
  readonly annotations: ToolHints;
}

/** What a tool answers; `isError` where it did not do what it was asked for. */
export interface ToolAnswer {
  readonly content: readonly Block[];
  readonly isError?: boolean;
}

/** Where URLs of this server lead for who asks. */
interface Place {
  /** What URLs of the server begin with. */
  readonly origin: string;
  /** The port that the request came in by. */
  readonly localPort: number | undefined;
}

/** A call of a tool: for which sandbox, for whom, and until when. */
export interface ToolCall extends Place {
  readonly core: Core;
  readonly ref: SandboxRef;
  /** Raised when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Tells a client that asked for it that the call goes on. */
  readonly progress: (message?: string) => void;
  /** Says in the server's log how what was run ended. */
  readonly note: (outcome: string) => void;
}

/** The same before its sandbox is known; `toRef` throws `forbidden` for one that is not the caller's. */
export interface Caller extends Omit<ToolCall, 'ref'> {
  readonly toRef: (sandbox: string | undefined) => SandboxRef;
  /** Says in the server's log which tool was called. */
  readonly noteTool: (name: string) => void;
}

/** A tool with what it takes unchecked. */
export interface Tool {
  readonly listed: ListedTool;
  /** Throws InvalidRequest or SandboxError. */
  call(input: unknown, caller: Caller): Promise<ToolAnswer>;
}

interface Definition<Shape extends z.ZodRawShape> {
  readonly name: string;
  readonly description: string;
  readonly hints: ToolHints;
  readonly shape: Shape;
  /** False for a tool that makes no sandbox where there is none. */
  readonly makesSandbox?: boolean;
  run(input: z.output<z.ZodObject<Shape>>, call: ToolCall): Promise<ToolAnswer>;
}

/** A tool whose last parameter is the sandbox, which is made where it is not there yet. */
export function defineTool<Shape extends z.ZodRawShape>(definition: Definition<Shape>): Tool {
  const { name, description, hints, shape, makesSandbox = true, run } = definition;
  const own = z.strictObject(shape);
  const whose = z.object({ sandbox: sandboxId.optional() });
  return {
    listed: { name, description, inputSchema: toInputSchema(shape), annotations: hints },
    call: async (input, { toRef, ...caller }) => {
      const { sandbox: named, ...rest } = withoutNulls(input);
      const { sandbox } = named === undefined ? {} : parsePart(whose, { sandbox: named }, `tool ${name}`);
      const parsed = parsePart(own, rest, `tool ${name}`);
      const ref = toRef(sandbox);
      if (makesSandbox) await ensure(caller.core, ref);
      return await run(parsed, { ...caller, ref });
    },
  };
}

/** A text answer. */
export function answer(...content: readonly Block[]): ToolAnswer {
  return { content };
}

/** Makes the sandbox where there is none; one that is stopped is started by what uses it. */
async function ensure({ sandboxes }: Core, ref: SandboxRef): Promise<void> {
  try {
    await sandboxes.isUp(ref);
  } catch (error) {
    if (!isSandboxError(error, 'not_found')) throw error;
    await sandboxes.create(ref, {});
  }
}

/** Absent arguments come as null from some clients. */
function withoutNulls(input: unknown): Readonly<Record<string, unknown>> {
  if (typeof input !== 'object' || input === null) return {};
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
}

/** Short, as models are told it with each conversation. */
function toInputSchema(shape: z.ZodRawShape): ListedTool['inputSchema'] {
  const whole = z.object({ ...shape, sandbox: z.string().optional() });
  const { properties = {}, required } = z.toJSONSchema(whole, { io: 'input' });
  const fields = Object.entries(properties).map(([name, schema]) => [
    name,
    typeof schema === 'object' ? trim(schema) : {},
  ]);
  return {
    type: 'object',
    properties: Object.fromEntries(fields),
    ...(required ? { required } : {}),
    additionalProperties: false,
  };
}

/** Leaves out the bounds that an error tells as well. */
function trim(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const kept = ['type', 'description', 'enum', 'items', 'default'];
  return Object.fromEntries(Object.entries(schema).filter(([key]) => kept.includes(key)));
}
