import { z } from 'zod';
import type { Channel, ChannelListener } from '../wire/channel.ts';
import type { AgentConnection } from '../wire/connection.ts';
import { AgentFailure } from '../wire/failures.ts';
import { call, type Feed } from './call.ts';
import { type ContextSetup, setupParameters } from './contexts.ts';
import { type CaptureLimits, OutputCapture } from './output-capture.ts';
import { InterruptedRun, type RunResult, runResult, SHOWN_CAPTURE } from './run.ts';

/** A cell of a context, and how it runs. */
export interface CellOptions {
  readonly code: string;
  /** AgentFailure `mismatch` where the context has another; absent: that of the context. */
  readonly language?: string | undefined;
  /** What its context is made with where it is not there; absent: AgentFailure `not_found`. */
  readonly setup?: ContextSetup | undefined;
  /** How many contexts may be there. */
  readonly most: number;
  readonly timeoutMs: number;
  /** When the answer must be there, the wait for earlier cells included; a cell without one then counts as hung. */
  readonly deadlineMs: number;
  readonly isSilent: boolean;
  /** Whether the code has types to be taken from it; that of its context where absent. */
  readonly isTyped?: boolean | undefined;
  readonly capture: CaptureLimits;
  /** True if its result is to say which files of the workspace have changed. */
  readonly tracksFiles?: boolean | undefined;
  /** Interrupts it. */
  readonly signal?: AbortSignal | undefined;
}

/** How a cell ended. */
export interface CellResult {
  readonly run: RunResult;
  readonly executionCount: number;
  /** True where variables are gone since the answer before. */
  readonly isRestarted: boolean;
}

const cellResult = runResult.extend({
  executionCount: z.int().min(0),
  restarted: z.boolean(),
});

/** Runs code in a context when the cells before it are over; throws InterruptedRun where the agent fails it. */
export async function runCell(connection: AgentConnection, id: string, options: CellOptions): Promise<CellResult> {
  const { language, setup, most, timeoutMs, deadlineMs, isSilent, isTyped, tracksFiles = false, signal } = options;
  const { headBytes: head, tailBytes: tail } = options.capture;
  const captures = [SHOWN_CAPTURE, options.capture, options.capture].map((limits) => new OutputCapture(limits));
  const parameters = {
    id,
    ...(language === undefined ? {} : { language }),
    ...(setup ? { make: setupParameters(setup) } : {}),
    most,
    timeoutMs,
    silent: isSilent,
    ...(isTyped === undefined ? {} : { typed: isTyped }),
    capture: { head, tail },
    ...(tracksFiles ? { trackFiles: true } : {}),
  };
  let opened: Channel | undefined;
  const listener: ChannelListener = {
    onData: (stream, payload) => {
      captures[stream]?.push(payload);
      opened?.consumed(payload.length);
    },
  };
  const feed: Feed = async (channel) => {
    opened = channel;
    await channel.write(0, Buffer.from(options.code, 'utf8'));
    channel.end(0);
  };
  const finish = (stream: number, omitted: number) =>
    (captures[stream] ?? new OutputCapture(options.capture)).finish({ omitted });
  try {
    const result = await call(connection, 'cell', parameters, cellResult, { signal, deadlineMs }, listener, feed);
    const { stdout, stderr, shown, files = null, executionCount, restarted, ...end } = result;
    const run = { ...end, files, cleared: false, brokenStart: false, shown: finish(0, shown?.omitted ?? 0) };
    return {
      run: { ...run, stdout: finish(1, stdout.omitted), stderr: finish(2, stderr.omitted) },
      executionCount,
      isRestarted: restarted,
    };
  } catch (error) {
    if (!(error instanceof AgentFailure)) throw error;
    throw new InterruptedRun(error, finish(1, 0), finish(2, 0));
  }
}
