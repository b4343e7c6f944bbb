import { z } from 'zod';
import type { Channel, ChannelListener } from '../wire/channel.ts';
import type { AgentConnection } from '../wire/connection.ts';
import { AgentFailure } from '../wire/failures.ts';
import { call, type Feed } from './call.ts';
import { type CellOptions, cellParameters } from './cell-options.ts';
import { type CaptureLimits, OutputCapture } from './output-capture.ts';
import { InterruptedRun, type RunResult, runResult, SHOWN_CAPTURE } from './run.ts';

interface RunCellOptions extends CellOptions {
  /** When the answer must be there, the wait for earlier cells included; a cell without one then counts as hung. */
  readonly deadlineMs: number;
  readonly capture: CaptureLimits;
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
export async function runCell(connection: AgentConnection, id: string, options: RunCellOptions): Promise<CellResult> {
  const { deadlineMs, signal } = options;
  const { headBytes: head, tailBytes: tail } = options.capture;
  const captures = [SHOWN_CAPTURE, options.capture, options.capture].map((limits) => new OutputCapture(limits));
  const parameters = { ...cellParameters(id, options), capture: { head, tail } };
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
