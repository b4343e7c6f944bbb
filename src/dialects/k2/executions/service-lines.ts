import type { CellExecution } from '../../../contexts/cells.ts';
import type { ContextLanguage } from '../../../contexts/languages.ts';
import { toJsonLine } from '../../../http/streams/json-line.ts';
import { KEYS, toError, toLogs } from './mapping.ts';

type Line = Readonly<Record<string, unknown>>;

/** What code did, as lines of JSON in the order in which clients of the interpreter service read them. */
export function* toServiceLines(
  cell: CellExecution,
  language: ContextLanguage,
  timeoutSeconds: number,
  endedAtMs: number,
): Generator<string> {
  const { execution, executionCount } = cell;
  const timestamp = new Date(endedAtMs).toISOString();
  yield toLine({ type: 'number_of_executions', execution_count: executionCount });
  for (const [type, text] of Object.entries(toLogs(execution))) {
    if (text !== '') yield toLine({ type, text, timestamp });
  }
  for (const { data, isMain } of execution.shown.results) {
    yield toLine({ type: 'result', ...toFields(data), is_main_result: isMain });
  }
  const error = toError(execution, language, timeoutSeconds);
  if (error) yield toLine({ type: 'error', ...error, traceback: (error.traceback ?? []).join('\n') });
  yield toLine({ type: 'end_of_execution' });
}

function toLine(line: Line): string {
  return toJsonLine(JSON.stringify(line));
}

/** A result by the short names of its types; what has none is extra. */
function toFields(data: Line): Line {
  const fields: Record<string, unknown> = {};
  const extra: Record<string, unknown> = {};
  for (const [mime, value] of Object.entries(data)) {
    const key = new Map(Object.entries(KEYS)).get(mime);
    if (key === undefined) extra[mime] = value;
    else fields[key] = key === 'text' ? withoutQuotes(value) : value;
  }
  return Object.keys(extra).length === 0 ? fields : { ...fields, extra };
}

/** The text of a string that is shown as code writes it. */
function withoutQuotes(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const [, , inner] = /^(['"])(.*)\1$/s.exec(value) ?? [];
  return inner ?? value;
}
