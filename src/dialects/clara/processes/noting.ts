import type { ProcessEvent } from '../../../processes/events.ts';

/** Passes events on and tells each before. */
export async function* noting(
  events: AsyncIterable<ProcessEvent>,
  note: (event: ProcessEvent) => void,
): AsyncGenerator<ProcessEvent> {
  for await (const event of events) {
    note(event);
    yield event;
  }
}
