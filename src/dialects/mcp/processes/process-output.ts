import type { KeptProcess } from '../../../processes/kept-process.ts';
import { textBlock } from '../blocks.ts';
import { endingOf } from '../executions/ending.ts';
import { count } from '../fields.ts';
import { fitText } from '../long-text.ts';
import { answer, defineTool, type ToolCall } from '../tool.ts';
import { type Collected, collectNew } from './collect.ts';

/** The longest wait, in seconds. */
const MAX_WAIT = 600;

/** `process_output`: what a program in the background has said since, with a wait for more where there is nothing. */
export const processOutput = defineTool({
  name: 'process_output',
  description: 'What a background process has said since event `after`; waits up to `wait` seconds for something new.',
  hints: { readOnlyHint: true },
  makesSandbox: false,
  shape: {
    id: count(1, Number.MAX_SAFE_INTEGER),
    after: count(0, Number.MAX_SAFE_INTEGER).optional(),
    wait: count(0, MAX_WAIT).optional(),
  },
  run: async ({ id, after = 0, wait = 0 }, call) => {
    const process = await call.core.processes.get(call.ref, id);
    const found = await collectNew(process, after, wait, call);
    const fitted = await fitText(found.text, call);
    return answer(textBlock(fitted.text, statusOf(process, found, fitted.file, call)));
  },
});

function statusOf({ id }: KeptProcess, found: Collected, file: string | null, call: ToolCall): string {
  const next = `after: ${found.last}`;
  if (found.exit) return endingOf(found.exit, call, { file, facts: ['it has ended', next] });
  const kept = file === null ? '' : `, truncated → ${file}`;
  return `[process ${id} runs, ${next}${kept}]`;
}
