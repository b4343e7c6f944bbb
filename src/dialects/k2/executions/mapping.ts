import type { z } from 'zod';
import type { CellExecution } from '../../../contexts/cells.ts';
import type { ContextLanguage } from '../../../contexts/languages.ts';
import type { Execution } from '../../../processes/executions.ts';
import type { codeResponse, commandResponse } from './schemas.ts';

type CodeResponse = z.output<typeof codeResponse>;
type Result = CodeResponse['results'][number];

/** The MIME types that a result has keys of their own for, the richest first. */
export const KEYS = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/svg+xml': 'svg',
  'application/pdf': 'pdf',
  'text/html': 'html',
  'text/markdown': 'markdown',
  'text/latex': 'latex',
  'application/json': 'json',
  'text/plain': 'text',
} as const;

const NO_KEYS = {
  text: null,
  html: null,
  png: null,
  jpeg: null,
  pdf: null,
  svg: null,
  latex: null,
  json: null,
  markdown: null,
  raw: null,
} as const;

/** What code did, between these moments of the wall clock. */
export function toCodeResponse(
  { execution }: CellExecution,
  language: ContextLanguage,
  timeoutSeconds: number,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): CodeResponse {
  const { results } = execution.shown;
  const logs = toLogs(execution);
  const value = results.findLast(({ isMain }) => isMain)?.data['text/plain'];
  const seconds = toMs / 1000;
  return {
    text: typeof value === 'string' ? value : execution.stdout || null,
    logs: {
      stdout: toLines(logs.stdout, false, seconds),
      stderr: toLines(logs.stderr, true, seconds),
    },
    results: results.map(({ data }) => toResult(data)),
    error: toError(execution, language, timeoutSeconds),
    created_at: new Date(fromMs).toISOString(),
    finished_at: new Date(toMs).toISOString(),
  };
}

/** What a command did. */
export function toCommandResponse(execution: Execution): z.output<typeof commandResponse> {
  const { stdout, stderr, exitCode, durationMs } = execution;
  const said = [stderr, ...noticesOf(execution)].filter((part) => part !== '');
  return { stdout, stderr: said.join('\n'), exit_code: exitCode, execution_time: durationMs / 1000 };
}

function toResult(data: Readonly<Record<string, unknown>>): Result {
  const type = Object.keys(KEYS).find((mime) => mime in data) ?? Object.keys(data)[0] ?? 'text/plain';
  const result: Result = { ...NO_KEYS, type, mime_type: type, value: data[type] ?? null };
  for (const [mime, key] of Object.entries(KEYS)) {
    const value = data[mime];
    if (key === 'json') result.json = value ?? null;
    else if (typeof value === 'string') result[key] = value;
  }
  return type in KEYS ? result : { ...result, raw: result.value };
}

/** Why code ended otherwise than at its end; null where it did not. */
export function toError(
  execution: Execution,
  language: ContextLanguage,
  timeoutSeconds: number,
): CodeResponse['error'] {
  const { timedOut, exitCode, signal } = execution;
  const { exception } = execution.shown;
  if (timedOut) {
    return { name: 'TimeoutError', value: `Execution timed out after ${timeoutSeconds} seconds`, traceback: null };
  }
  if (exception) return { ...exception, traceback: [...exception.traceback] };
  if (exitCode === 0 && execution.notice === null) return null;
  const [notice] = noticesOf(execution);
  if (execution.oomKilled) return { name: 'MemoryError', value: notice ?? '', traceback: null };
  if (notice !== undefined) return { name: 'SandboxError', value: notice, traceback: null };
  if (language === 'bash') return { name: 'CommandFailed', value: `Exit code ${exitCode}`, traceback: null };
  return { name: 'SystemExit', value: signal ?? String(exitCode), traceback: null };
}

/** What is to be said besides what a program wrote. */
function noticesOf({ oomKilled, memoryLimitBytes, notice }: Execution): readonly string[] {
  const memory = `Killed: out of memory (limit ${Math.floor(memoryLimitBytes / 2 ** 20)} MiB)`;
  return [...(oomKilled ? [memory] : []), ...(notice === null ? [] : [notice])];
}

/** What was written by the code itself: how its exception came about stands apart. */
export function toLogs({ stdout, stderr, shown: { exception } }: Execution): Record<'stdout' | 'stderr', string> {
  const traceback = exception ? `${exception.traceback.join('\n')}\n` : '';
  const isLast = traceback !== '' && stderr.endsWith(traceback);
  return { stdout, stderr: isLast ? stderr.slice(0, -traceback.length) : stderr };
}

function toLines(output: string, isError: boolean, timestamp: number): CodeResponse['logs']['stdout'] {
  const lines = output.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => ({ line, error: isError, timestamp }));
}
