import type { ChangedFiles } from '../agent/calls/changed-files.ts';
import { toText } from '../agent/calls/output-capture.ts';
import { InterruptedRun, type Program, type RunResult, runProgram } from '../agent/calls/run.ts';
import type { AgentConnection } from '../agent/wire/connection.ts';
import { AgentFailure } from '../agent/wire/failures.ts';
import { toWholeMs } from '../async/whole-ms.ts';
import type { RunEnding } from '../observability/core-events.ts';
import type { SandboxMemory } from '../sandboxes/metering/memory.ts';
import { namingLanguage } from './lacking.ts';
import { foldShown, NOTHING_SHOWN, type Shown } from './results.ts';

/** How a program in a sandbox ended, for a person: a failure here is a result, not an error. */
export interface Execution {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly durationMs: number;
  readonly timedOut: boolean;
  readonly oomKilled: boolean;
  readonly truncated: boolean;
  /** The signal that ended it, such as `SIGKILL`; null where it ended by itself. */
  readonly signal: string | null;
  /** What the sandbox has to say besides the program: why it could not run, or what had to be done for it. */
  readonly notice: string | null;
  /** How much memory its sandbox may have. */
  readonly memoryLimitBytes: number;
  /** What it has shown beside its outputs. */
  readonly shown: Shown;
  /** What changed in the workspace meanwhile; null where nobody has looked, or could. */
  readonly files: ChangedFiles | null;
}

/** How a program runs, and what is answered of it. */
export interface ExecutionOptions {
  readonly timeoutSeconds: number;
  /** Kept of each of stdout and stderr, in bytes. */
  readonly outputLimitBytes: number;
  /** When the answer must have left, on the clock of `performance.now()`. */
  readonly answerByMs: number;
  readonly memory: SandboxMemory;
  /** Asked where the agent was lost: whether its sandbox runs on. */
  readonly runsOn?: () => Promise<boolean>;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  readonly mustStart?: boolean | undefined;
  /** True if it is to say which files of the workspace have changed. */
  readonly tracksFiles?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

const CLEARED =
  'The sandbox had no room for another process, so everything that ran in it in the background was ended.';

const BROKEN_START =
  'Python ended or hung before it got to the program: look at what it reads at its start, such as usercustomize.py, sitecustomize.py and .pth files in /packages. Shell and file calls go on working.';

/** Exit code of a program that ran out of time, as coreutils' `timeout` has it. */
const TIMEOUT_EXIT_CODE = 124;

/** Exit code where nobody knows how the program ended: that of SIGKILL. */
const LOST_EXIT_CODE = 137;

/** Exit code of a program that could not be started, as shells have it. */
const CANNOT_RUN_EXIT_CODE = 126;

/** How the OOM killer ends a program. */
const OUT_OF_MEMORY = { exitCode: LOST_EXIT_CODE, signal: 'SIGKILL', oomKilled: true } as const;

/** Where the agent ended and its sandbox did not: whoever did that runs in there. */
const ENDED_INSIDE =
  'The program, or another one in its sandbox, ended or disturbed the sandbox’s processes, as `kill -9 -1` does, so how it ended ' +
  'itself is not known. Files are kept, and the next call works.';

/** What gVisor gives as the exit code of a program whose memory the machine's kernel has taken. */
const TAKEN_EXIT_CODE = 1;

/** Runs a program to its end and describes how it ended; throws `invalid` where its language is not there. */
export async function execute(
  connection: AgentConnection,
  program: Program,
  options: ExecutionOptions,
): Promise<Execution> {
  const half = Math.ceil(options.outputLimitBytes / 2);
  const startedAtMs = performance.now();
  try {
    const result = await runProgram(connection, program, {
      timeoutMs: toWholeMs(options.timeoutSeconds),
      deadlineMs: Math.max(1_000, options.answerByMs - startedAtMs),
      capture: { headBytes: half, tailBytes: half },
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      mustStart: options.mustStart,
      tracksFiles: options.tracksFiles,
      signal: options.signal,
    });
    const execution = toExecution(result, options.memory.limitBytes);
    return await withMemoryLoss(execution, startedAtMs, options.memory, execution.stderr === '');
  } catch (error) {
    const failure = namingLanguage(error, program);
    if (!(failure instanceof AgentFailure)) throw failure;
    return await toLostExecution(failure, startedAtMs, options);
  }
}

/** The same, named as a death for want of memory where the machine's kernel has taken that from under the sandbox's own meanwhile; `isSilent` where nothing was written to stderr. */
export async function withMemoryLoss(
  execution: Execution,
  startedAtMs: number,
  memory: SandboxMemory,
  isSilent: boolean,
): Promise<Execution> {
  // What could still tell its exception was not taken.
  if (execution.exitCode !== TAKEN_EXIT_CODE || execution.shown.exception || memory.isCountedInside) return execution;
  const isTaken = await memory.ranOut(startedAtMs, isSilent);
  return isTaken ? { ...execution, ...OUT_OF_MEMORY } : execution;
}

/** The end of a program that the agent has failed: why, as far as anybody can tell. */
export async function toLostExecution(
  error: AgentFailure,
  startedAtMs: number,
  { memory, runsOn }: Pick<ExecutionOptions, 'memory' | 'runsOn'>,
): Promise<Execution> {
  const durationMs = performance.now() - startedAtMs;
  const execution = toFailedExecution(error, durationMs, memory.limitBytes);
  if (!isCut(error)) return execution;
  if (await memory.endedIt(startedAtMs)) return { ...execution, ...OUT_OF_MEMORY, notice: null };
  const isEndedInside = error.code === 'lost' && (await runsOn?.());
  return isEndedInside ? { ...execution, notice: ENDED_INSIDE } : execution;
}

/** How a program ended, in a word or two for a log. */
export function toOutcome({ timedOut, oomKilled, signal, exitCode }: Execution): string {
  if (timedOut) return 'timeout';
  if (oomKilled) return 'oom';
  return signal ?? `exit ${exitCode}`;
}

/** The same in one of few words, for counting. */
export function toEnding({ timedOut, oomKilled, signal, exitCode, notice }: Execution): RunEnding {
  if (timedOut) return 'timeout';
  if (oomKilled) return 'oom';
  if (signal !== null) return notice === null ? 'signal' : 'lost';
  return exitCode === 0 ? 'ok' : 'exit';
}

/** How a program ended that the agent has seen end. */
export function toExecution(result: RunResult, memoryLimitBytes: number): Execution {
  return {
    memoryLimitBytes,
    stdout: toText(result.stdout),
    stderr: toText(result.stderr),
    exitCode: exitCodeOf(result),
    durationMs: result.durationMs,
    timedOut: result.timedOut,
    oomKilled: result.oomKilled,
    truncated: result.stdout.omittedBytes + result.stderr.omittedBytes > 0,
    signal: result.signal,
    notice: noticeOf(result, result.stderr.head.length === 0),
    shown: foldShown(result.shown.head, result.shown.omittedBytes > 0),
    files: result.files,
  };
}

/** The exit code of a program as shells and coreutils' `timeout` have it, also of one that could not be started. */
export function exitCodeOf(end: Pick<RunResult, 'timedOut' | 'exitCode'> | { readonly failure: unknown }): number {
  if ('failure' in end) return CANNOT_RUN_EXIT_CODE;
  return end.timedOut ? TIMEOUT_EXIT_CODE : end.exitCode;
}

/** What a user is to know beside what the program wrote; `isSilent` where that was nothing on stderr. */
export function noticeOf(
  end: {
    readonly exitCode: number;
    readonly cleared?: boolean | undefined;
    readonly brokenStart?: boolean | undefined;
  },
  isSilent: boolean,
): string | null {
  if (end.cleared) return CLEARED;
  return end.brokenStart && end.exitCode !== 0 && isSilent ? BROKEN_START : null;
}

/** True where nobody knows how a program ended, as its sandbox fell silent. */
export function isCut(error: unknown): error is AgentFailure {
  return error instanceof AgentFailure && (error.code === 'lost' || error.code === 'hung');
}

function toFailedExecution(failure: AgentFailure, durationMs: number, memoryLimitBytes: number): Execution {
  const output = failure instanceof InterruptedRun ? failure : null;
  return {
    memoryLimitBytes,
    stdout: output ? toText(output.stdout) : '',
    stderr: output ? toText(output.stderr) : '',
    exitCode: isCut(failure) ? LOST_EXIT_CODE : CANNOT_RUN_EXIT_CODE,
    durationMs,
    timedOut: false,
    oomKilled: false,
    truncated: false,
    signal: isCut(failure) ? 'SIGKILL' : null,
    notice: failure.message,
    shown: NOTHING_SHOWN,
    files: null,
  };
}
