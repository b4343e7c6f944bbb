import { showName } from '../../../files/names.ts';
import { type Execution, toOutcome } from '../../../processes/executions.ts';
import type { ToolCall } from '../tool.ts';

/** How long after its timeout a run's answer may leave, in milliseconds. */
const ANSWER_MARGIN_MS = 9_500;

/** How many changed files an answer names. */
const MOST_FILES = 20;

/** When the answer of a run with this timeout must have left, on the clock of `performance.now()`. */
export function answerBy(timeoutSeconds: number): number {
  return performance.now() + timeoutSeconds * 1000 + ANSWER_MARGIN_MS;
}

/** What a program wrote, each output with its name where there are two. */
export function outputOf({ stdout, stderr }: Pick<Execution, 'stdout' | 'stderr'>): string {
  if (stderr === '') return stdout;
  return `${stdout === '' ? '' : `${stdout.replace(/\n$/, '')}\n`}stderr:\n${stderr}`;
}

/** Which files have changed, in one fact; none where nothing has. */
function changesOf({ files }: Pick<Execution, 'files'>): readonly string[] {
  if (files === null || files.changes.length === 0) return [];
  const named = files.changes.slice(0, MOST_FILES).map(({ path, change }) => `${toLine(path)} ${change}`);
  const isCut = files.truncated || files.changes.length > MOST_FILES;
  return [`files changed: ${named.join('; ')}${isCut ? '; and more' : ''}`];
}

/** A path that keeps to its line. */
function toLine(path: string): string {
  return showName(path).shown.replace(/\p{Cc}/gu, '\u{FFFD}');
}

/** The last line of an answer about a run: how it ended, and what to know besides. */
export function endingOf(
  execution: Execution,
  { note }: Pick<ToolCall, 'note'>,
  more: { readonly file: string | null; readonly facts?: readonly string[] },
): string {
  const { exitCode, durationMs, timedOut, oomKilled, signal, truncated, memoryLimitBytes, notice } = execution;
  note(toOutcome(execution));
  const facts = [
    `exit ${exitCode}`,
    `${Math.round(durationMs)} ms`,
    ...(timedOut ? ['timed out'] : []),
    ...(oomKilled ? [`out of memory (limit ${Math.floor(memoryLimitBytes / 2 ** 20)} MiB)`] : []),
    ...(signal !== null && !oomKilled && !timedOut ? [`killed by ${signal}`] : []),
    ...(truncated ? ['the middle of its output was too long to keep'] : []),
    ...(more.file === null ? [] : [`truncated → ${more.file}`]),
    ...(more.facts ?? []),
    ...changesOf(execution),
  ];
  return `[${facts.join(', ')}]${notice === null ? '' : `\n${notice}`}`;
}
