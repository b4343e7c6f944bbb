import { z } from 'zod';
import { type ErrorKind, SandboxError } from '../../base/errors.ts';

/** The codes with which an agent can answer; anything else it says is read as `internal`. */
const AGENT_CODES = [
  'not_found',
  'exists',
  'changed',
  'is_directory',
  'not_directory',
  'not_empty',
  'denied',
  'read_only',
  'no_space',
  'too_large',
  'invalid',
  'unsafe_archive',
  'unknown_encoding',
  'bad_pattern',
  'mismatch',
  'limit',
  'unsupported',
  'cancelled',
  'internal',
] as const;

/** `lost`: the stream to the agent ended while the call was under way. `hung`: the agent did not answer in time. */
export type AgentFailureCode = (typeof AGENT_CODES)[number] | 'lost' | 'hung';

/** What a failure is for whoever knows no agent. */
const KIND: Readonly<Record<AgentFailureCode, ErrorKind>> = {
  not_found: 'not_found',
  exists: 'conflict',
  changed: 'precondition',
  is_directory: 'invalid',
  not_directory: 'invalid',
  not_empty: 'conflict',
  denied: 'invalid',
  read_only: 'invalid',
  no_space: 'no_space',
  too_large: 'too_large',
  invalid: 'invalid',
  unsafe_archive: 'invalid',
  unknown_encoding: 'invalid',
  bad_pattern: 'invalid',
  mismatch: 'conflict',
  limit: 'limit',
  unsupported: 'invalid',
  cancelled: 'unavailable',
  internal: 'internal',
  lost: 'unavailable',
  hung: 'unavailable',
};

/** A call that the agent refused, or that was cut off; its kind follows from its code. */
export class AgentFailure extends SandboxError {
  override readonly name = 'AgentFailure';
  readonly code: AgentFailureCode;
  /** Unchecked: what the agent answered to a call that had been given up. */
  readonly answer: unknown;

  constructor(
    code: AgentFailureCode,
    message: string,
    options: { readonly cause?: unknown; readonly answer?: unknown; readonly field?: string | undefined } = {},
  ) {
    super(KIND[code], message, options);
    this.code = code;
    this.answer = options.answer;
  }
}

/** The parameters that an agent can name as what is at fault. */
const faultyField = z.enum(['from', 'to']).optional().catch(undefined);

const errorPayload = z.object({ code: z.string(), message: z.string(), field: faultyField });

/** Reads the JSON of an ERROR frame; the message is cut at 1,000 characters, and U+FFFD stands in it for what is no Unicode. */
export function toAgentFailure(payload: unknown): AgentFailure {
  const parsed = errorPayload.safeParse(payload);
  if (!parsed.success) return new AgentFailure('internal', 'The agent failed without saying how.');
  const code = AGENT_CODES.find((known) => known === parsed.data.code) ?? 'internal';
  return new AgentFailure(code, parsed.data.message.slice(0, 1000).toWellFormed(), { field: parsed.data.field });
}
