import { attachProcess } from '../agent/calls/attach.ts';
import type { SandboxAccess } from '../sandboxes/access.ts';
import { EventReader, type ProcessEvent } from './events.ts';
import { isCut, toEnding, toLostExecution, withMemoryLoss } from './executions.ts';

/** The events of a kept process; where its sandbox is lost, or its memory ran out, `exit` says so. */
export async function* readProcess(
  { connection, memory, runsOn, isServerEnding }: SandboxAccess,
  id: number,
  options: Parameters<typeof attachProcess>[2],
): AsyncGenerator<ProcessEvent> {
  const reader = new EventReader(memory.limitBytes, options.after);
  const startedAtMs = performance.now();
  try {
    for await (const frame of attachProcess(connection, id, options)) {
      for (const event of reader.read(frame)) {
        // Who comes later cannot tell whether memory ran out in its time.
        if (event.type !== 'exit' || !options.isCaller) yield event;
        else {
          const isSilent = event.lastLine === '';
          yield { ...event, execution: await withMemoryLoss(event.execution, startedAtMs, memory, isSilent) };
        }
      }
    }
  } catch (error) {
    // Then the process runs on, and the next server has it.
    if (isServerEnding() || !isCut(error) || !reader.hasBegun) throw error;
    yield reader.end(await toLostExecution(error, startedAtMs, { memory, runsOn }));
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
