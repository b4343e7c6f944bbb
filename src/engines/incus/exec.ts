import { z } from 'zod';
import type { EngineExec, EngineId } from '../engine.ts';
import { meaningOf } from './errors.ts';
import { ExecStream } from './exec-stream.ts';
import type { ExecUser } from './exec-user.ts';
import { throughStarter } from './group-starter.ts';
import type { IncusCalls } from './incus-calls.ts';
import { pathOf } from './instances.ts';
import { startsWith } from './started.ts';

/** How long the exit code of a program may take whose stream has ended, in milliseconds. */
const EXIT_WAIT_MS = 1_000;

/** How long it is waited for the end of a program that is to end, in seconds. */
const END_WAIT_SECONDS = 30;

const startedSchema = z.object({
  metadata: z.object({
    fds: z.object({ '0': z.string(), '1': z.string(), '2': z.string(), control: z.string() }),
  }),
});

const operationSchema = z.object({
  status: z.string(),
  metadata: z.object({ return: z.int().optional() }).nullish(),
});

const executionsSchema = z.array(
  z.object({
    status: z.string(),
    resources: z.record(z.string(), z.array(z.string())).nullish(),
    metadata: z.object({ command: z.array(z.string()).optional() }).nullish(),
  }),
);

/** A program as Incus starts it. */
export interface Program {
  readonly command: readonly string[];
  readonly uid: number;
  readonly gid: number;
  readonly cwd: string;
}

/** How Incus starts a program of the user of a container. */
export function toProgram({ uid, gid, workdir, hasGroups }: ExecUser, argv: readonly string[]): Program {
  return { command: hasGroups ? throughStarter(argv) : argv, uid, gid, cwd: workdir };
}

/** Starts it in a running sandbox with stdin and stdout attached; throws `conflict` where that does not run. */
export async function startExec(
  calls: IncusCalls,
  id: EngineId,
  { command, uid, gid, cwd }: Program,
): Promise<EngineExec> {
  const body = { command, 'wait-for-websocket': true, interactive: false, user: uid, group: gid, cwd };
  const { operation, metadata } = await calls.begin('run a program in the sandbox', pathOf(id, '/exec'), body);
  const { fds } = startedSchema.parse(metadata).metadata;
  const stream = new ExecStream({
    stdin: calls.socket(operation, fds['0']),
    stdout: calls.socket(operation, fds['1']),
    stderr: calls.socket(operation, fds['2']),
    control: calls.socket(operation, fds.control),
  });
  // Incus forgets an operation some seconds after its end.
  const code = stream.over.then(() => waitForCode(calls, operation));
  code.catch(() => undefined);
  try {
    await stream.whenOpen();
  } catch (error) {
    stream.destroy();
    // A program that is not there is told in its exit code, as by other engines.
    if (meaningOf(error) === undefined && (await code.catch(() => null)) === null) throw error;
  }
  return {
    stream,
    closed: code.then(() => undefined),
    isHeldBack: () => false,
    abandon: () => void stream.destroy(),
    stderr: () => stream.stderr,
    onStderr: (listener) => void stream.on('stderr', listener),
    exitCode: async () => await Promise.race([code, isRunning(calls, operation, stream)]),
  };
}

/** How many programs that Incus has started run in it with these first arguments. */
export async function countExecs(calls: IncusCalls, id: EngineId, argv: readonly string[]): Promise<number> {
  const path = pathOf(id);
  const found = z
    .record(z.string(), z.unknown())
    .parse(await calls.get('look at the programs of a sandbox', '/1.0/operations?recursion=1'));
  const running = executionsSchema.safeParse(found.running ?? []);
  if (!running.success) return 0;
  return running.data.filter(({ resources, metadata }) => {
    const isHere = Object.values(resources ?? {}).some((all) => all.some((each) => each.split('?')[0] === path));
    return isHere && metadata?.command !== undefined && startsWith(metadata.command, argv);
  }).length;
}

/** The exit code of a program that has ended or is to end; null where nobody knows. */
async function waitForCode(calls: IncusCalls, operation: string): Promise<number | null> {
  try {
    const path = `${operation}/wait?timeout=${END_WAIT_SECONDS}`;
    const ended = operationSchema.parse(await calls.get('look at a program', path, (END_WAIT_SECONDS + 1) * 1000));
    return ended.metadata?.return ?? null;
  } catch (error) {
    const meaning = meaningOf(error);
    if (meaning === 'no-program') return 127;
    if (meaning === 'not-executable') return 126;
    return null;
  }
}

/** Null at once while it runs; where its output has ended, null once its code is late: a program may also close its stdout and go on. */
async function isRunning(calls: IncusCalls, operation: string, stream: ExecStream): Promise<null> {
  if (stream.readableEnded) await new Promise((resolve) => setTimeout(resolve, EXIT_WAIT_MS).unref());
  else await calls.get('look at a program', operation).catch(() => undefined);
  return null;
}
