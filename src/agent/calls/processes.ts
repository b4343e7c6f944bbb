import { z } from 'zod';
import { ByteQueue } from '../../async/byte-queue.ts';
import type { Channel, ChannelListener } from '../wire/channel.ts';
import type { AgentConnection } from '../wire/connection.ts';
import type { AgentFailure } from '../wire/failures.ts';
import { call, type Feed } from './call.ts';
import { type Program, programParameters, runResult, sendSource } from './run.ts';
import { type Chunks, feedFrom } from './transfer.ts';

/** How long an answer that waits for nothing may take, in milliseconds. */
const ANSWER_MS = 20_000;

/** More than an agent keeps of one output: a MiB, and what a caller may be behind. */
const MAX_KEPT_BYTES = 4 * 2 ** 20;

const failure = z.object({ failure: z.object({ code: z.string(), message: z.string().max(4096) }) });

/** An exception that nobody caught. */
export const shownException = z.object({
  name: z.string().max(1000),
  value: z.string().max(25_000),
  traceback: z.array(z.string()).max(65_536),
});

/** An exception that ended code, as the interpreter shows it. */
export type ShownException = z.infer<typeof shownException>;

/** How a kept process ended, or why it could not be started. */
export const processEnd = z.union([
  runResult.extend({
    /** Of a cell: its number, whether variables are gone, whether something was too large to be shown. */
    executionCount: z.int().min(0).optional(),
    restarted: z.boolean().optional(),
    shownCut: z.boolean().optional(),
    /** Only told to who reads its events. */
    exception: shownException.nullish().catch(null),
  }),
  failure,
]);

/** How a kept process ended, or why it could not be started. */
export type ProcessEnd = z.infer<typeof processEnd>;

/** How many rows and columns a terminal has. */
export const terminalSize = z.object({ rows: z.int().min(1), cols: z.int().min(1) });

/** How many rows and columns a terminal has. */
export type TerminalSize = z.infer<typeof terminalSize>;

/** A kept process, as the agent tells it. */
export const processFacts = z.object({
  id: z.int().min(1),
  about: z.record(z.string(), z.unknown()),
  pid: z.int().min(1).nullable(),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  exit: processEnd.nullable(),
  tty: terminalSize.nullable().default(null),
  keepAwake: z.boolean().default(false),
  /** Of a plain run, of which nothing is kept: what it runs. */
  plain: z
    .object({ program: z.enum(['python', 'shell', 'argv']), command: z.string(), cwd: z.string().max(4096) })
    .optional(),
  /** Of a cell: which one of its context it will be, if nothing is lost before it. */
  cellNumber: z.int().min(1).optional(),
  firstEvent: z.int().min(1),
  lastEvent: z.int().min(0),
});

/** What the agent knows of a process that it keeps; `about` is what the server that started it said of it. */
export type ProcessFacts = z.infer<typeof processFacts>;

interface StartOptions {
  readonly about: Readonly<Record<string, unknown>>;
  /** True if its outputs wait for one reader, whose going ends it. */
  readonly hasCaller: boolean;
  /** How many processes may be kept; ended ones give way. AgentFailure `exists` where as many run. */
  readonly most: number;
  /** 0 for none. */
  readonly timeoutMs: number;
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly hasStdin?: boolean;
  /** True if an argv that cannot be run is a failure; else it ends with 127 or 126, as in a shell. */
  readonly mustStart?: boolean;
  /** True if its end is to say, to who reads its events, which files of the workspace have changed. */
  readonly tracksFiles?: boolean | undefined;
  /** True if its sandbox is not to be paused for idleness while it runs. */
  readonly keepsAwake?: boolean;
  /** The terminal that it gets in the place of its three streams. */
  readonly tty?: TerminalSize | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Starts a program that is kept when this call and its connection end; resolves once it runs. */
export function startProcess(
  connection: AgentConnection,
  program: Program,
  options: StartOptions,
): Promise<ProcessFacts> {
  const { about, hasCaller, most, timeoutMs, hasStdin, mustStart, keepsAwake, tty, signal } = options;
  const parameters = {
    ...programParameters(program, options),
    ...(timeoutMs === 0 ? {} : { timeoutMs }),
    ...(hasStdin ? { stdin: true } : {}),
    ...(mustStart ? { mustStart: true } : {}),
    ...(keepsAwake ? { keepAwake: true } : {}),
    ...(tty ? { tty } : {}),
    about,
    caller: hasCaller,
    most,
  };
  const feed: Feed = (channel) => sendSource(program, channel);
  const waiting = { signal, deadlineMs: ANSWER_MS };
  return call(connection, 'start', parameters, processFacts, waiting, {}, feed);
}

/** All processes that are kept, and plain runs while they run, newest first. */
export async function listProcesses(connection: AgentConnection): Promise<readonly ProcessFacts[]> {
  const schema = z.object({ processes: z.array(processFacts).max(1024) });
  return (await call(connection, 'processes', {}, schema, { deadlineMs: ANSWER_MS })).processes;
}

/** One of them; AgentFailure `not_found` where none of this id is kept. */
export async function describeProcess(connection: AgentConnection, id: number): Promise<ProcessFacts> {
  const schema = z.object({ processes: z.tuple([processFacts]) });
  return (await call(connection, 'processes', { id }, schema, { deadlineMs: ANSWER_MS })).processes[0];
}

/** Sends a signal by its number, with `tree` to all below too; false where the process has ended. */
export async function signalProcess(
  connection: AgentConnection,
  id: number,
  signal: number,
  isForTree: boolean,
): Promise<boolean> {
  const parameters = { id, signal, tree: isForTree };
  return (await call(connection, 'signal', parameters, z.object({ sent: z.boolean() }), { deadlineMs: ANSWER_MS }))
    .sent;
}

const inputResult = z.object({ written: z.number().min(0) });

/** How many bytes of an input had been read when its writing was given up; 0 where nobody knows. */
export function writtenBefore(failure: AgentFailure): number {
  const answer = inputResult.safeParse(failure.answer);
  return answer.success ? answer.data.written : 0;
}

/** Writes to the standard input of a process as fast as it reads; AgentFailure `hung` after `idleMs` without progress. */
export async function writeToProcess(
  connection: AgentConnection,
  id: number,
  chunks: Chunks,
  options: { readonly closes: boolean; readonly idleMs: number; readonly signal: AbortSignal },
): Promise<number> {
  const { closes, ...transfer } = options;
  const parameters = { id, close: closes };
  const feed = feedFrom(chunks, transfer);
  return (await call(connection, 'input', parameters, inputResult, transfer, {}, feed)).written;
}

/** Resolves when the process has ended, or after so long, with what is known of it then. */
export function waitForProcess(
  connection: AgentConnection,
  id: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProcessFacts> {
  return call(connection, 'wait', { id, timeoutMs }, processFacts, { signal, deadlineMs: timeoutMs + ANSWER_MS });
}

/** Ends a process with its tree, if it runs, and forgets it. */
export function forgetProcess(connection: AgentConnection, id: number): Promise<ProcessFacts> {
  return call(connection, 'forget', { id }, processFacts, { deadlineMs: ANSWER_MS });
}

/** What is kept of one output, or the last `tail` bytes of that. */
export async function readProcessOutput(
  connection: AgentConnection,
  id: number,
  options: { readonly stream: 'stdout' | 'stderr'; readonly tail?: number | undefined },
): Promise<Buffer> {
  const { stream, tail } = options;
  const kept = new ByteQueue();
  let received = 0;
  let channel: Channel | undefined;
  const listener: ChannelListener = {
    onData: (_stream, bytes) => {
      received += bytes.length;
      if (received <= MAX_KEPT_BYTES) kept.push(bytes);
      channel?.consumed(bytes.length);
    },
  };
  const parameters = { id, stream, ...(tail === undefined ? {} : { tail }) };
  const feed: Feed = (opened) => {
    channel = opened;
  };
  await call(connection, 'output', parameters, z.unknown(), { deadlineMs: ANSWER_MS }, listener, feed);
  return kept.take();
}
