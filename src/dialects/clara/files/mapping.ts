import type { z } from 'zod';
import { round } from '../numbers.ts';
import type { executionResponse } from '../runs/schemas.ts';

type ExecutionResponse = z.output<typeof executionResponse>;

/** ExecutionResponse of a file operation that worked. */
export function toDone(output: string, startedAtMs: number): ExecutionResponse {
  return toFileOutcome(output, null, startedAtMs);
}

/** ExecutionResponse of a file operation that the sandbox refused. */
export function toRefused(reason: string, startedAtMs: number): ExecutionResponse {
  return toFileOutcome('', reason, startedAtMs);
}

function toFileOutcome(output: string, error: string | null, startedAtMs: number): ExecutionResponse {
  return {
    success: error === null,
    output,
    error,
    stderr: '',
    exit_code: error === null ? 0 : 1,
    execution_time: round((performance.now() - startedAtMs) / 1000, 6),
    timed_out: false,
    oom_killed: false,
    output_truncated: false,
    killed_by: null,
  };
}
