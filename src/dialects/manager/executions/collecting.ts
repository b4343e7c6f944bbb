import type { z } from 'zod';
import type { ProcessEvent } from '../../../processes/events.ts';
import type { commandResponse } from './schemas.ts';

type CommandResponse = z.output<typeof commandResponse>;

/** Kept of what a command writes, in characters. */
const MAX_OUTPUT = 10_485_760;

const CUT = '\n[The rest of the output is left out.]\n';

/** What an event adds to the output. */
export function textOf(event: ProcessEvent): string {
  switch (event.type) {
    case 'stdout':
    case 'stderr':
      return event.text;
    case 'exit':
      return event.execution.notice === null ? '' : `${event.execution.notice}\n`;
    default:
      return '';
  }
}

/** All that a command does, in the order in which it does it; the first part of it where it writes too much. */
export async function collect(events: AsyncGenerator<ProcessEvent>): Promise<CommandResponse> {
  const response = { output: '', exit_code: 0, stdout: '', stderr: '' };
  for await (const event of events) {
    const text = textOf(event);
    if (event.type === 'exit') response.exit_code = event.execution.exitCode;
    if (text === '' || response.output.length > MAX_OUTPUT) continue;
    const left = MAX_OUTPUT - response.output.length;
    const kept = text.length > left ? `${wholeCharacters(text.slice(0, left))}${CUT}` : text;
    response.output += kept;
    response[event.type === 'stdout' ? 'stdout' : 'stderr'] += kept;
  }
  return response;
}

/** The text without the first half of a surrogate pair at its end. */
function wholeCharacters(text: string): string {
  return /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
}
