import { attachProcess } from '../agent/calls/attach.ts';
import type { SandboxAccess } from '../sandboxes/access.ts';
import { EventReader, type ProcessEvent } from './events.ts';
import { toCutExecution, toEnding } from './executions.ts';

/** The events of a kept process; where its sandbox is lost, `exit` says so. */
export async function* readProcess(
  { connection, memory, isServerEnding }: SandboxAccess,
  id: number,
  options: Parameters<typeof attachProcess>[2],
): AsyncGenerator<ProcessEvent> {
  const reader = new EventReader(memory.limitBytes, options.after);
  const startedAtMs = performance.now();
  try {
    for await (const frame of attachProcess(connection, id, options)) yield* reader.read(frame);
  } catch (error) {
    // Then the process runs on, and the next server has it.
    if (isServerEnding()) throw error;
    const execution = reader.facts && toCutExecution(error, performance.now() - startedAtMs, memory.limitBytes);
    if (!execution) throw error;
    yield reader.end(execution);
  }
}

/** The same events; the end of a program whose caller reads them is noted. */
export async function* noteEnd(
  { noteRun }: SandboxAccess,
  language: string,
  events: AsyncGenerator<ProcessEvent>,
): AsyncGenerator<ProcessEvent> {
  for await (const event of events) {
    if (event.type === 'exit') noteRun(language, event.execution.durationMs, toEnding(event.execution));
    yield event;
  }
}
