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
    const kept = response.output.length + text.length > MAX_OUTPUT ? `${text.slice(0, MAX_OUTPUT)}${CUT}` : text;
    response.output += kept;
    response[event.type === 'stdout' ? 'stdout' : 'stderr'] += kept;
  }
  return response;
}
