import type { AgentConnection } from '../wire/connection.ts';
import { readFrames } from './attach.ts';
import { call } from './call.ts';
import { FrameInbox, type ProcessFrame } from './frame-inbox.ts';
import { type TerminalSize, terminalSize } from './processes.ts';

/** How long the agent may take to change a size, in milliseconds. */
const ANSWER_MS = 20_000;

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
  const parameters = { id, ...(after === undefined ? {} : { after }) };
  return {
    frames: readFrames(connection, 'view', parameters, signal, inbox),
    type: async (bytes) => {
      const { channel } = inbox;
      if (channel && !channel.isOver) await channel.write(0, bytes);
    },
  };
}

/** Changes the size of a process's terminal. */
export async function resizeTerminal(connection: AgentConnection, id: number, size: TerminalSize): Promise<void> {
  await call(connection, 'resize', { id, ...size }, terminalSize, { deadlineMs: ANSWER_MS });
}
