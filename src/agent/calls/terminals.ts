import { z } from 'zod';
import type { Channel, ChannelListener } from '../wire/channel.ts';
import type { AgentConnection } from '../wire/connection.ts';
import { AgentFailure } from '../wire/failures.ts';
import { toFrame } from './attach.ts';
import { call, type Feed } from './call.ts';
import { FrameInbox, type ProcessFrame } from './frame-inbox.ts';
import { processEnd, type TerminalSize, terminalSize } from './processes.ts';

/** How long the agent may take to change a size, in milliseconds. */
const ANSWER_MS = 20_000;

const ended = z.object({ id: z.int().min(1), exit: processEnd });

/** A terminal that somebody looks at. */
export interface TerminalView {
  /** What is on it, at the viewer's pace; ends behind the frame `end`. Ending the iteration ends the view. */
  readonly frames: AsyncGenerator<ProcessFrame>;
  /** Types bytes; resolves when more may be typed. Nothing where the view is over. */
  type(bytes: Buffer): Promise<void>;
}

/** Shows the terminal of a process from behind a number of its output's bytes on, all that is kept where there is none. */
export function viewTerminal(
  connection: AgentConnection,
  id: number,
  { after, signal }: { readonly after?: number | undefined; readonly signal: AbortSignal },
): TerminalView {
  const inbox = new FrameInbox();
  let channel: Channel | undefined;
  const left = new AbortController();
  const listener: ChannelListener = {
    onData: (_stream, bytes) => inbox.put({ kind: 'output', stream: 'stdout', bytes }),
    onEvent: (event) => {
      const frame = toFrame(event);
      if (frame) inbox.put(frame);
      else inbox.fail(new AgentFailure('internal', 'The agent gave a malformed event of a terminal.'));
    },
  };
  const feed: Feed = (opened) => {
    channel = opened;
    inbox.channel = opened;
  };
  const parameters = { id, ...(after === undefined ? {} : { after }) };
  const options = { signal: AbortSignal.any([signal, left.signal]), deadlineMs: null };
  const done = call(connection, 'view', parameters, ended, options, listener, feed).then(
    ({ id: last, exit }) => inbox.put({ kind: 'end', id: last, end: exit }),
    (error: unknown) => inbox.fail(error),
  );
  async function* frames(): AsyncGenerator<ProcessFrame> {
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
  return {
    frames: frames(),
    type: async (bytes) => {
      if (channel && !channel.isOver) await channel.write(0, bytes);
    },
  };
}

/** Changes the size of a process's terminal. */
export async function resizeTerminal(connection: AgentConnection, id: number, size: TerminalSize): Promise<void> {
  await call(connection, 'resize', { id, ...size }, terminalSize, { deadlineMs: ANSWER_MS });
}
