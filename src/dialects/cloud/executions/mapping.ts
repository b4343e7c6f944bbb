import type { z } from 'zod';
import type { Execution } from '../../../processes/executions.ts';
import type { executeResponse } from './schemas.ts';

/** Exit code of what could not be run. */
const NOT_RUN = -1;

/** What a program did. */
export function toExecuteResponse(execution: Execution): z.output<typeof executeResponse> {
  const { stdout, stderr, durationMs, timedOut, truncated } = execution;
  const error = toError(execution);
  return {
    exit_code: isNotRun(execution) ? NOT_RUN : execution.exitCode,
    stdout,
    stderr,
    duration_ms: Math.round(durationMs),
    timed_out: timedOut,
    ...(error === null ? {} : { error }),
    ...(truncated ? { truncated } : {}),
  };
}

/** What could not be run, and why. */
export function toNotRun(error: string): z.output<typeof executeResponse> {
  return { exit_code: NOT_RUN, stdout: '', stderr: '', duration_ms: 0, timed_out: false, error };
}

/** Where the sandbox says why there was no program, and that wrote nothing. */
function isNotRun({ exitCode, signal, notice, stdout, stderr }: Execution): boolean {
  return exitCode === 126 && signal === null && notice !== null && stdout === '' && stderr === '';
}

function toError({ oomKilled, memoryLimitBytes, notice }: Execution): string | null {
  if (oomKilled) return `Killed: out of memory (limit ${Math.floor(memoryLimitBytes / 2 ** 20)} MiB)`;
  return notice;
}
