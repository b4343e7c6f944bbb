import type { z } from 'zod';
import type { Channel, ChannelListener } from './channel.ts';
import type { AgentConnection } from './connection.ts';
import { AgentFailure } from './failures.ts';

export interface CallOptions {
  /** Ends the call: the agent is told to stop, and the promise rejects with `cancelled` once it has. */
  readonly signal?: AbortSignal | undefined;
  /** After this many milliseconds without a result the agent counts as hung. */
  readonly deadlineMs: number;
}

/** How long a cancelled call may take to end before the agent counts as hung, in milliseconds. */
const CANCEL_GRACE_MS = 8_000;

/** Opens a channel, lets `feed` send its body, and resolves with the checked result. */
export async function call<Schema extends z.ZodType>(
  connection: AgentConnection,
  op: string,
  parameters: Readonly<Record<string, unknown>>,
  schema: Schema,
  options: CallOptions,
  listener: ChannelListener = {},
  feed?: (channel: Channel) => Promise<void> | void,
): Promise<z.infer<Schema>> {
  if (options.signal?.aborted) throw new AgentFailure('cancelled', 'The call was cancelled before it began.');
  const channel = connection.open(op, parameters, listener);
  const hang = () => connection.close(new AgentFailure('hung', `The sandbox did not answer ${op} in time.`));
  let timer = setTimeout(hang, options.deadlineMs);
  const cancel = () => {
    channel.cancel();
    clearTimeout(timer);
    timer = setTimeout(hang, CANCEL_GRACE_MS);
  };
  options.signal?.addEventListener('abort', cancel, { once: true });
  try {
    const fed = Promise.resolve(feed?.(channel)).catch((error: unknown) => {
      channel.cancel();
      throw error;
    });
    const [result] = await Promise.all([channel.result, fed]);
    const parsed = schema.safeParse(result);
    if (!parsed.success)
      throw new AgentFailure('internal', 'The agent gave a malformed answer.', { cause: parsed.error });
    return parsed.data;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', cancel);
  }
}
