import type { z } from 'zod';
import type { WriteCondition } from '../../agent/calls/files.ts';
import { parseSize } from '../../config/fields.ts';
import type { Auth } from '../../http/auth.ts';
import { parseEntityTags } from '../../http/entity-tags.ts';
import type { HttpProblem } from '../../http/errors.ts';
import type { Execution } from '../../processes/executions.ts';
import type { Owner } from '../../sandboxes/address.ts';
import type { SandboxStatus } from '../../sandboxes/status.ts';
import type { SandboxOverrides } from '../../sandboxes/storage/record.ts';
import type { conditionHeaders, createBody } from './request-schemas.ts';
import type { executionResponse, sandboxInfo } from './response-schemas.ts';

type ExecutionResponse = z.output<typeof executionResponse>;

/** The owner behind a user id of this dialect, as the holder of a key asks for it. */
export function toOwner(userId: string, auth: Auth | null): Owner {
  const owner = { namespace: 'clara', id: userId };
  return auth ? { ...owner, creator: { name: auth.keyName, maxSandboxes: auth.maxSandboxes } } : owner;
}

/** What a create asked for, in the core's units. */
export function toOverrides(body: z.output<typeof createBody>): SandboxOverrides {
  return {
    ...(body?.image ? { image: body.image } : {}),
    ...(body?.memory_limit ? { memoryBytes: parseSize(body.memory_limit) } : {}),
    ...(body?.cpu_limit ? { cpus: body.cpu_limit } : {}),
    ...(body?.network ? { network: body.network } : {}),
    ...(body?.egress_allow ? { egressAllow: body.egress_allow } : {}),
  };
}

/** SandboxInfo of this dialect. */
export function toSandboxInfo(status: SandboxStatus): z.output<typeof sandboxInfo> {
  return {
    user_id: status.owner.id,
    container_id: status.engineId.slice(0, 12),
    status: status.state,
    created_at: toTimestamp(status.createdAtMs),
    last_used: toTimestamp(status.lastUsedAtMs),
    execution_count: status.executions,
    memory_usage_mb: round(status.memoryBytes / 2 ** 20, 2),
    cpu_percent: round(status.cpuPercent, 2),
    disk_usage_mb: status.disk && round(status.disk.usedBytes / 2 ** 20, 2),
    disk_limit_mb: status.disk && round(status.disk.limitBytes / 2 ** 20, 2),
    egress: status.egress && {
      connections_allowed: status.egress.allowed,
      connections_refused: status.egress.refused,
      connections_failed: status.egress.failed,
      connections_open: status.egress.open,
      bytes_sent: status.egress.sentBytes,
      bytes_received: status.egress.receivedBytes,
    },
  };
}

/** ExecutionResponse of a program; `what` names it in the sentence about a timeout. */
export function toExecutionResponse(
  execution: Execution,
  what: 'Execution' | 'Command',
  limits: { readonly timeoutSeconds: number; readonly memoryBytes: number },
): ExecutionResponse {
  const success = execution.exitCode === 0 && !execution.timedOut;
  return {
    success,
    output: execution.stdout,
    error: toErrorText(execution, success, what, limits),
    stderr: execution.stderr,
    exit_code: execution.exitCode,
    execution_time: round(execution.durationMs / 1000, 6),
    timed_out: execution.timedOut,
    oom_killed: execution.oomKilled,
    output_truncated: execution.truncated,
    killed_by: execution.signal,
  };
}

function toErrorText(
  execution: Execution,
  success: boolean,
  what: string,
  limits: { readonly timeoutSeconds: number; readonly memoryBytes: number },
): string | null {
  if (execution.timedOut) {
    const sentence = `${what} timed out after ${limits.timeoutSeconds} seconds`;
    return execution.notice ? `${sentence}\n${execution.notice}` : sentence;
  }
  const parts = [execution.stderr];
  if (execution.oomKilled) parts.push(`Killed: out of memory (limit ${Math.floor(limits.memoryBytes / 2 ** 20)} MiB)`);
  if (execution.notice) parts.push(execution.notice);
  const text = parts.filter((part) => part !== '').join('\n');
  if (text !== '') return text;
  return success ? null : `Exit code: ${execution.exitCode}`;
}

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

/** A file's bytes as text where they are UTF-8, else as base64. */
export function toFileContent(bytes: Buffer): { content: string; encoding: 'utf-8' | 'base64' } {
  try {
    const content = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { content, encoding: 'utf-8' };
  } catch {
    return { content: bytes.toString('base64'), encoding: 'base64' };
  }
}

/** What the conditions of an upload mean for the write; undefined where there are none. */
export function toWriteCondition(headers: z.output<typeof conditionHeaders>): WriteCondition | undefined {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  if (ifMatch === undefined) return ifNoneMatch === undefined ? undefined : ['absent'];
  if (ifNoneMatch !== undefined) return [];
  return parseEntityTags(ifMatch)
    .filter((tag) => !tag.startsWith('W/'))
    .map((tag) => (tag === '*' ? 'present' : tag.slice(1, -1)));
}

/** The error body of this dialect. */
export function renderProblem(problem: HttpProblem): Record<string, unknown> {
  if (problem.kind === 'unknown_route') return { detail: 'Not Found', error: 'Not Found' };
  if (problem.status === 422 || problem.status === 415) {
    const detail = problem.issues.length > 0 ? problem.issues : [{ loc: [], msg: problem.message, type: problem.kind }];
    return { error: problem.message, detail };
  }
  if (problem.kind === 'no_space') return { error: problem.message, success: false };
  return { error: problem.message };
}

/** ISO 8601 in UTC with six digits of fraction. */
function toTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.(\d{3})Z$/, '.$1000Z');
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
