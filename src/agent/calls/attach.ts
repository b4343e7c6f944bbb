import { z } from 'zod';
import type { ChannelListener } from '../wire/channel.ts';
import type { AgentConnection } from '../wire/connection.ts';
import { AgentFailure } from '../wire/failures.ts';
import { call, type Feed } from './call.ts';
import { FrameInbox, type ProcessFrame } from './frame-inbox.ts';
import { processEnd, processFacts } from './processes.ts';

const opening = z.object({
  next: z.int().min(1),
  first: z.int().min(1),
  lost: z.number().min(0),
  offset: z.number().min(0),
  process: processFacts,
});
const gap = z.object({ gap: z.int().min(1), lost: z.number().min(0) });
const shown = z.object({ shown: z.int().min(1) });
const ended = z.object({ id: z.int().min(1), exit: processEnd });

interface AttachOptions {
  /** The last event that the reader knows. */
  readonly after?: number | undefined;
  /** True for the reader that the start was made for: it paces the program, and its going ends it unless `keepsRunning`. */
  readonly isCaller?: boolean;
  readonly keepsRunning?: boolean;
  readonly signal: AbortSignal;
}

/** Reads a kept process from an event on, at its reader's pace; ends behind the frame `end`. Ending the iteration leaves the process. */
export function attachProcess(
  connection: AgentConnection,
  id: number,
  { after, isCaller = false, keepsRunning = false, signal }: AttachOptions,
): AsyncGenerator<ProcessFrame> {
  const parameters = { id, ...(after === undefined ? {} : { after }), caller: isCaller, keepRunning: keepsRunning };
  return readFrames(connection, 'attach', parameters, signal, new FrameInbox());
}

/** The frames that an operation tells of a process, at their reader's pace, to the frame `end`; `inbox` has the open channel. */
export async function* readFrames(
  connection: AgentConnection,
  op: 'attach' | 'view',
  parameters: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  inbox: FrameInbox,
): AsyncGenerator<ProcessFrame> {
  const left = new AbortController();
  // A caller that has left by now still ends its process, or lets it run on.
  const options = { signal: AbortSignal.any([signal, left.signal]), deadlineMs: null, opensAnyway: true };
  const listener: ChannelListener = {
    onData: (stream, bytes) => {
      if (stream === 0) inbox.put({ kind: 'part', bytes });
      else inbox.put({ kind: 'output', stream: stream === 2 ? 'stderr' : 'stdout', bytes });
    },
    onEvent: (event) => {
      const frame = toFrame(event);
      if (frame) inbox.put(frame);
      else inbox.fail(new AgentFailure('internal', 'The agent gave a malformed event of a process.'));
    },
  };
  const feed: Feed = (channel) => {
    inbox.channel = channel;
  };
  const done = call(connection, op, parameters, ended, options, listener, feed).then(
    ({ id: last, exit }) => inbox.put({ kind: 'end', id: last, end: exit }),
    (error: unknown) => inbox.fail(error),
  );
  try {
    for (;;) {
      const frame = await inbox.take();
      yield frame;
      if (frame.kind === 'end') return;
    }
  } finally {
    left.abort();
    await done;
  }
}

/** An event of an attached channel as a frame; null where it is malformed. */
function toFrame(event: unknown): ProcessFrame | null {
  const first = opening.safeParse(event);
  if (first.success) {
    const { next, first: kept, lost, offset, process } = first.data;
    return { kind: 'opening', next, first: kept, lostBytes: lost, offsetBytes: offset, facts: process };
  }
  const missed = gap.safeParse(event);
  if (missed.success) return { kind: 'gap', next: missed.data.gap, lostBytes: missed.data.lost };
  const whole = shown.safeParse(event);
  return whole.success ? { kind: 'shown', id: whole.data.shown } : null;
}
