import type { z } from 'zod';
import type { Channel, ChannelListener } from '../wire/channel.ts';
import type { AgentConnection } from '../wire/connection.ts';
import { AgentFailure } from '../wire/failures.ts';
import { StallTimer } from './stall-timer.ts';

/** How long a call may take, and what ends it. */
export interface CallOptions {
  /** Ends the call: the agent is told to stop, and the promise rejects with `cancelled` once it has. */
  readonly signal?: AbortSignal | undefined;
  /** After this many milliseconds without a result the agent counts as hung; null where it may wait for a program, and only its silence counts. */
  readonly deadlineMs: number | null;
  /** True if the agent has to hear of the call, and of its end, where the signal was raised before it began. */
  readonly opensAnyway?: boolean;
}

/** Options of a call that moves bytes, which may take as long as they keep moving. */
export interface TransferOptions {
  /** Ends the call: the agent is told to stop, and the promise rejects with `cancelled` once it has. */
  readonly signal?: AbortSignal | undefined;
  /** After this many milliseconds in which the agent was waited for and moved nothing, the call is cancelled and rejects with `hung`. */
  readonly idleMs: number;
  /** Hears of all bytes that pass, in either direction. */
  readonly onBytes?: (bytes: number) => void;
}

/** Sends the body of a call; `stallTimer` is there in a transfer, to be told who is waited for. */
export type Feed = (channel: Channel, stallTimer: StallTimer | undefined) => Promise<void> | void;

/** How long a cancelled call may take to end before the agent counts as hung, in milliseconds: ending a tree that forks may take it nine seconds. */
const CANCEL_GRACE_MS = 12_000;

/** Between two looks whether a sandbox is still frozen that should have answered by now, in milliseconds at the least. */
const LOOK_MS = 1_000;

/** What is thrown where a call was given up, with what the agent answered all the same. */
function withAnswer(error: unknown, answer: unknown): unknown {
  if (!(error instanceof AgentFailure)) return error;
  return new AgentFailure(error.code, error.message, { cause: error.cause, answer, field: error.field });
}

/** Opens a channel, lets `feed` send its body, and resolves with the checked result once the agent is done with the call. */
export async function call<Schema extends z.ZodType>(
  connection: AgentConnection,
  op: string,
  parameters: Readonly<Record<string, unknown>>,
  schema: Schema,
  options: CallOptions | TransferOptions,
  listener: ChannelListener = {},
  feed?: Feed,
): Promise<z.infer<Schema>> {
  const opensAnyway = 'opensAnyway' in options && options.opensAnyway;
  if (options.signal?.aborted && !opensAnyway)
    throw new AgentFailure('cancelled', 'The call was cancelled before it began.');
  const channel = connection.open(op, parameters, listener);
  let failure: { readonly error: unknown } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stallTimer: StallTimer | undefined;
  let frozenMs = 0;
  const hangAfter = (milliseconds: number) => {
    clearTimeout(timer);
    frozenMs = connection.freezes.frozenMs;
    timer = setTimeout(hang, milliseconds);
  };
  const hang = () => {
    const missedMs = connection.freezes.frozenMs - frozenMs;
    if (missedMs > 0) hangAfter(Math.max(missedMs, LOOK_MS));
    else connection.close(new AgentFailure('hung', `The sandbox did not answer ${op} in time.`));
  };
  const cancel = () => {
    stallTimer?.end();
    channel.cancel();
    hangAfter(CANCEL_GRACE_MS);
  };
  const giveUp = (error: unknown) => {
    failure ??= { error };
    if (!channel.isOver) cancel();
  };
  if ('deadlineMs' in options) {
    if (options.deadlineMs !== null) hangAfter(options.deadlineMs);
  } else {
    const { idleMs } = options;
    const sentence = `The sandbox moved nothing for ${idleMs / 1000} seconds.`;
    stallTimer = new StallTimer(idleMs, connection.freezes, () => giveUp(new AgentFailure('hung', sentence)));
  }
  options.signal?.addEventListener('abort', cancel, { once: true });
  try {
    Promise.resolve(feed?.(channel, stallTimer)).catch(giveUp);
    if (options.signal?.aborted) cancel();
    const result = await channel.result;
    if (failure) {
      failure = { error: withAnswer(failure.error, result) };
      throw failure.error;
    }
    const parsed = schema.safeParse(result);
    if (!parsed.success)
      throw new AgentFailure('internal', 'The agent gave a malformed answer.', { cause: parsed.error });
    return parsed.data;
  } catch (error) {
    throw failure ? failure.error : error;
  } finally {
    clearTimeout(timer);
    stallTimer?.end();
    options.signal?.removeEventListener('abort', cancel);
  }
}
