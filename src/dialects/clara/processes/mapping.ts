import type { z } from 'zod';
import { PING, type StreamEvent } from '../../../http/streams/events.ts';
import type { ProcessEvent } from '../../../processes/events.ts';
import { exitCodeOf } from '../../../processes/executions.ts';
import type { KeptProcess } from '../../../processes/kept-process.ts';
import type { ShownLine } from '../../../processes/results.ts';
import { toTimestamp } from '../numbers.ts';
import { toExecutionResponse, toFileFields, toShownFields } from '../runs/mapping.ts';
import type { processInfo } from './schemas.ts';

/** Process of this dialect. */
export function toProcess(kept: KeptProcess): z.output<typeof processInfo> {
  const { exit } = kept;
  const result = exit && !('failure' in exit) ? exit : null;
  return {
    id: kept.id,
    name: kept.name,
    labels: kept.labels,
    kind: kept.kind,
    command: kept.command,
    cwd: kept.cwd,
    pid: kept.pid,
    state: exit === null ? 'running' : 'exited',
    started_at: toTimestamp(kept.startedAtMs),
    ended_at: kept.endedAtMs === null ? null : toTimestamp(kept.endedAtMs),
    exit_code: exit && exitCodeOf(exit),
    signal: result?.signal ?? null,
    timed_out: result?.timedOut ?? false,
    oom_killed: result?.oomKilled ?? false,
    tty: kept.tty,
    keep_awake: kept.keepsAwake,
    first_event_id: kept.firstEventId,
    last_event_id: kept.lastEventId,
  };
}

/** What a cell shows; PING for what is none of that, which only code that forges it sends. */
function toShownEvent(id: number, shown: ShownLine | null): StreamEvent {
  if (shown === null || shown.type === 'truncated') return PING;
  const { type, ...data } = shown;
  return { id, event: type, data };
}

/** An event as streams of this dialect have it. */
function toStreamEvent(event: ProcessEvent, asked: number | null): StreamEvent {
  const { id } = event;
  switch (event.type) {
    case 'start': {
      const { processId, pid, startedAtMs } = event;
      return { id, event: 'start', data: { process_id: processId, pid, started_at: toTimestamp(startedAtMs) } };
    }
    case 'stdout':
    case 'stderr':
      return { id, event: event.type, data: { text: event.text } };
    case 'shown':
      return toShownEvent(id, event.shown);
    case 'opened':
      return PING;
    case 'gap':
      // It has no number of its own: it says that of the next.
      return { event: 'gap', data: { first_id: id, bytes: event.bytes } };
    case 'exit': {
      // Who comes later does not know what was asked for; it ran for as long.
      const timeoutSeconds = asked ?? Math.round(event.execution.durationMs / 1000);
      const what = event.isCode ? 'Execution' : 'Command';
      const { output: _, stderr: __, error, ...end } = toExecutionResponse(event.execution, what, timeoutSeconds);
      const { cell } = event;
      const { results: ___, ...shown } = toShownFields(event.execution);
      const more = {
        ...(event.isCode ? shown : {}),
        ...toFileFields(event.execution),
        ...(cell ? { execution_count: cell.executionCount, context_restarted: cell.isRestarted } : {}),
      };
      // A notice says more than the program could; what helps then stands in lines of its own in a plain answer.
      const said = event.execution.notice === null ? event.lastLine : '';
      const sentence = said || (error?.split('\n', 1)[0] ?? null);
      return { id, event: 'exit', data: { ...end, ...more, error: end.success ? null : sentence } };
    }
  }
}

/** All events of a process as a stream of this dialect. */
export async function* toStream(
  events: AsyncIterable<ProcessEvent>,
  timeoutSeconds: number | null,
): AsyncGenerator<StreamEvent> {
  for await (const event of events) yield toStreamEvent(event, timeoutSeconds);
}
