import type { Clock } from '../../../async/clock.ts';
import type { ContextLanguage } from '../../../contexts/languages.ts';
import type { ProcessEvent } from '../../../processes/events.ts';
import { type Execution, toEnding } from '../../../processes/executions.ts';
import { toResult } from './results.ts';

/** A line of the answer. */
export type Line = Readonly<Record<string, unknown>>;

const END: Line = { type: 'end_of_execution' };

/** The events of code as lines of the answer; the last one says that it is over. */
export async function* toLines(
  events: AsyncIterable<ProcessEvent>,
  language: ContextLanguage,
  clock: Clock,
): AsyncGenerator<Line> {
  let hasFailed = false;
  let number: number | undefined;
  for await (const event of events) {
    switch (event.type) {
      case 'start':
        number = event.cellNumber;
        if (number !== undefined) yield { type: 'number_of_executions', execution_count: number };
        break;
      case 'stdout':
      case 'stderr':
        yield { type: event.type, text: event.text, timestamp: clock.wallMs() * 1_000_000 };
        break;
      case 'shown': {
        const { shown } = event;
        if (shown?.type === 'result') yield toResult(shown.data, shown.is_main);
        if (shown?.type !== 'error') break;
        hasFailed = true;
        yield { type: 'error', name: shown.name, value: shown.value, traceback: shown.traceback.join('\n') };
        break;
      }
      case 'exit': {
        const count = event.cell?.executionCount ?? 0;
        if (count > 0 && count !== number) yield { type: 'number_of_executions', execution_count: count };
        const error = hasFailed ? null : toError(event.execution, language);
        if (error) yield { type: 'error', traceback: '', ...error };
        yield END;
      }
    }
  }
}

/** Why code ended that has not said it itself; null where it ended well. */
function toError(
  execution: Execution,
  language: ContextLanguage,
): { readonly name: string; readonly value: string } | null {
  const { timedOut, exitCode, notice, oomKilled, memoryLimitBytes } = execution;
  if (timedOut) return { name: 'TimeoutError', value: 'The execution took as long as it may, and was ended.' };
  if (exitCode === 0 && notice === null) return null;
  const isOver = toEnding(execution) !== 'exit' || language !== 'bash';
  if (!isOver) return { name: 'ExitError', value: `exit status ${exitCode}` };
  const limit = `The code needed more memory than the ${Math.floor(memoryLimitBytes / 2 ** 20)} MiB that the sandbox has.`;
  const reason = oomKilled
    ? limit
    : (notice ?? 'The interpreter ended, was restarted or deleted before the execution was over.');
  return { name: 'UnexpectedEndOfExecution', value: reason };
}
