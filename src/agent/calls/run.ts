import { z } from 'zod';
import type { Channel, ChannelListener } from '../wire/channel.ts';
import type { AgentConnection } from '../wire/connection.ts';
import { AgentFailure } from '../wire/failures.ts';
import { call, type Feed } from './call.ts';
import { type ChangedFiles, changedFiles } from './changed-files.ts';
import { type Captured, type CaptureLimits, OutputCapture } from './output-capture.ts';

/** What to run: a source text for Python or the shell, or an argument list without a shell. */
export type Program =
  | {
      readonly program: 'python' | 'shell';
      readonly source: string;
      /** What the source is in, where the shell only starts its interpreter, */
      readonly language?: string;
      /** and the programs without which it cannot: AgentFailure `unsupported` where one of them is not on the PATH. */
      readonly needs?: readonly string[];
    }
  | { readonly program: 'argv'; readonly argv: readonly string[] };

/** How a program runs, and what is kept of it. */
export interface RunOptions {
  readonly timeoutMs: number;
  /** When the answer must be there, kill and all; a run without one then counts as hung. */
  readonly deadlineMs: number;
  /** True if an argv that cannot be run is a failure; else it ends with 127 or 126, as in a shell. */
  readonly mustStart?: boolean | undefined;
  readonly capture: CaptureLimits;
  /** True if its result is to say which files of the workspace have changed. */
  readonly tracksFiles?: boolean | undefined;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const streamCount = z.object({ bytes: z.number().min(0), omitted: z.number().min(0) });

/** How the agent says that a program ended. */
export const runResult = z.object({
  exitCode: z.int(),
  signal: z.string().max(32).nullable(),
  timedOut: z.boolean(),
  cancelled: z.boolean(),
  oomKilled: z.boolean(),
  durationMs: z.number().min(0),
  stdout: streamCount,
  stderr: streamCount,
  cleared: z.boolean().optional(),
  brokenStart: z.boolean().optional(),
  shown: streamCount.optional(),
  files: changedFiles.nullish(),
});

/** How a program ended, with the first and last part of what it wrote. */
export interface RunResult {
  readonly exitCode: number;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly cancelled: boolean;
  readonly oomKilled: boolean;
  /** True where all other processes of the sandbox had to be killed, because they left no room for this one. */
  readonly cleared: boolean;
  /** True where Python ended or hung before it got to the script, because of what the sandbox has it do at its start. */
  readonly brokenStart: boolean;
  readonly durationMs: number;
  readonly stdout: Captured;
  readonly stderr: Captured;
  /** What it has shown beside its outputs: a line of JSON each, unchecked; `omittedBytes` of it were too much. */
  readonly shown: Captured;
  /** What changed in the workspace meanwhile; null where nobody has looked, or could. */
  readonly files: ChangedFiles | null;
}

/** Of what a run or cell shows, in bytes: JSON and base64 take more than what they hold. */
export const SHOWN_CAPTURE: CaptureLimits = { headBytes: 33_554_432, tailBytes: 0 };

/** A run whose end nobody saw, with what had come of its output by then. */
export class InterruptedRun extends AgentFailure {
  readonly stdout: Captured;
  readonly stderr: Captured;

  constructor(failure: AgentFailure, stdout: Captured, stderr: Captured) {
    super(failure.code, failure.message, { cause: failure });
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

/** What every call that starts a program says of it. */
export function programParameters(
  program: Program,
  {
    cwd,
    env,
    tracksFiles = false,
  }: {
    readonly cwd?: string | undefined;
    readonly env?: Readonly<Record<string, string>> | undefined;
    readonly tracksFiles?: boolean | undefined;
  },
): Readonly<Record<string, unknown>> {
  return {
    program: program.program,
    ...(program.program === 'argv' ? { argv: program.argv } : program.needs ? { needs: program.needs } : {}),
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(tracksFiles ? { trackFiles: true } : {}),
  };
}

/** Sends the source of a program, if it has one. */
export async function sendSource(program: Program, channel: Channel): Promise<void> {
  if (program.program === 'argv') return;
  await channel.write(0, Buffer.from(program.source, 'utf8'));
  channel.end(0);
}

/** Runs a program in the sandbox to its end, or kills its whole tree at the timeout or when the signal is raised; throws InterruptedRun where the agent fails it. */
export async function runProgram(
  connection: AgentConnection,
  program: Program,
  options: RunOptions,
): Promise<RunResult> {
  const shown = new OutputCapture(SHOWN_CAPTURE);
  const stdout = new OutputCapture(options.capture);
  const stderr = new OutputCapture(options.capture);
  const captures = [shown, stdout, stderr];
  const parameters = {
    ...programParameters(program, options),
    timeoutMs: options.timeoutMs,
    ...(options.mustStart ? { mustStart: true } : {}),
    capture: { head: options.capture.headBytes, tail: options.capture.tailBytes },
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
    await sendSource(program, channel);
  };
  const { signal, deadlineMs } = options;
  try {
    const result = await call(connection, 'run', parameters, runResult, { signal, deadlineMs }, listener, feed);
    return {
      ...result,
      cleared: result.cleared ?? false,
      brokenStart: result.brokenStart ?? false,
      stdout: stdout.finish(result.stdout),
      stderr: stderr.finish(result.stderr),
      shown: shown.finish(result.shown ?? { omitted: 0 }),
      files: result.files ?? null,
    };
  } catch (error) {
    if (!(error instanceof AgentFailure)) throw error;
    throw new InterruptedRun(error, stdout.finish({ omitted: 0 }), stderr.finish({ omitted: 0 }));
  }
}
