import type { z } from 'zod';
import type { Execution } from '../../../processes/executions.ts';
import { named } from '../fs/mapping.ts';
import { round } from '../numbers.ts';
import type { executionResponse, fileFields } from './schemas.ts';

type ExecutionResponse = z.output<typeof executionResponse>;

/** ExecutionResponse of a program; `what` names it in the sentence about a timeout. */
export function toExecutionResponse(
  execution: Execution,
  what: 'Execution' | 'Command',
  timeoutSeconds: number,
): ExecutionResponse {
  const success = execution.exitCode === 0 && !execution.timedOut;
  return {
    success,
    output: execution.stdout,
    error: toErrorText(execution, success, what, timeoutSeconds),
    stderr: execution.stderr,
    exit_code: execution.exitCode,
    execution_time: round(execution.durationMs / 1000, 6),
    timed_out: execution.timedOut,
    oom_killed: execution.oomKilled,
    output_truncated: execution.truncated,
    killed_by: execution.signal,
  };
}

/** What a run of code has shown, as fields of its answer. */
export function toShownFields({ shown }: Execution) {
  return {
    results: shown.results.map(({ data, metadata, isMain }) => ({ data, metadata, is_main: isMain })),
    results_truncated: shown.isTruncated,
    exception: shown.exception,
  };
}

/** Which files of the workspace changed meanwhile, as fields of an answer. */
export function toFileFields({ files }: Pick<Execution, 'files'>): z.output<typeof fileFields> {
  if (files === null) return { files: null, files_truncated: false };
  const changes = files.changes.map(({ path, size, change }) => ({ ...named('path', path), size, change }));
  return { files: changes, files_truncated: files.truncated };
}

/** What helps where memory ran out. */
const MORE_MEMORY =
  'OOM killed: give the sandbox more with memory_limit or SANDBOX_DOCKER_MEMORY, on Incus INCUS_SANDBOX_MEMORY, or work on the data in parts';

function toErrorText(execution: Execution, success: boolean, what: string, timeoutSeconds: number): string | null {
  if (execution.timedOut) {
    const sentence = `${what} timed out after ${timeoutSeconds} seconds`;
    return execution.notice ? `${sentence}\n${execution.notice}` : sentence;
  }
  const parts = [execution.stderr];
  if (execution.oomKilled)
    parts.push(`Killed: out of memory (limit ${Math.floor(execution.memoryLimitBytes / 2 ** 20)} MiB)\n${MORE_MEMORY}`);
  if (execution.notice) parts.push(execution.notice);
  const text = parts.filter((part) => part !== '').join('\n');
  if (text !== '') return text;
  return success ? null : `Exit code: ${execution.exitCode}`;
}
