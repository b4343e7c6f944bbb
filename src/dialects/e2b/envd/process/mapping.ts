import type { ProcessEvent } from '../../../../processes/events.ts';
import { type Execution, toEnding } from '../../../../processes/executions.ts';
import type { KeptProcess } from '../../../../processes/kept-process.ts';
import { ConnectError } from '../connect/connect-error.ts';
import { type ProcessConfig, storedConfig } from './schemas.ts';

/** Where the start of a process notes what it was asked for. */
const CONFIG_LABEL = 'e2b.config';
const TAG_LABEL = 'e2b.tag';

/** The longest note of what was asked for, in characters; lists show less of what is longer. */
const MAX_NOTE = 200_000;

/** A process that Start began, as lists tell it. */
export interface StartedProcess {
  readonly kept: KeptProcess;
  readonly config: ProcessConfig;
  readonly tag: string | undefined;
}

/** A sign of life between the events of a process. */
export const PING = { event: { keepalive: {} } };

/** What a process is noted to be. */
export function toLabels(config: ProcessConfig, tag: string | undefined): Readonly<Record<string, string>> {
  const whole = JSON.stringify(config);
  const note = whole.length <= MAX_NOTE ? whole : JSON.stringify({ ...config, args: [], envs: {} });
  return { [CONFIG_LABEL]: note, ...(tag === undefined ? {} : { [TAG_LABEL]: tag }) };
}

/** A kept process as one that Start began; null for any other. */
export function toStarted(kept: KeptProcess): StartedProcess | null {
  const note = kept.labels[CONFIG_LABEL];
  if (note === undefined) return null;
  try {
    return { kept, config: storedConfig.parse(JSON.parse(note)), tag: kept.labels[TAG_LABEL] };
  } catch {
    return null;
  }
}

/** As lists show it, with a folder and a tag where its start said so. */
export function toInfo({
  kept,
  config: { cwd, ...config },
  tag,
}: Pick<StartedProcess, 'config' | 'tag'> & { readonly kept: Pick<KeptProcess, 'pid'> }) {
  return {
    config: { ...config, ...(cwd === '' ? {} : { cwd }) },
    pid: kept.pid,
    ...(tag === undefined ? {} : { tag }),
  };
}

/** What an event is to who reads the process; null for what is not told. Throws ConnectError where the process did not end by itself. */
export function toMessage(event: ProcessEvent, facts: { readonly pid: number | null; readonly hasTerminal: boolean }) {
  switch (event.type) {
    case 'start':
      return { event: { start: { pid: event.pid } } };
    case 'opened':
      return { event: { start: { pid: facts.pid } } };
    case 'stdout':
      return data(facts.hasTerminal ? 'pty' : 'stdout', event.bytes);
    case 'stderr':
      return data('stderr', event.bytes);
    case 'exit':
      return { event: { end: toEnd(event.execution) } };
    default:
      return null;
  }
}

function data(stream: 'stdout' | 'stderr' | 'pty', bytes: Buffer) {
  return { event: { data: { [stream]: bytes.toString('base64') } } };
}

/** Numbers of signals are what an exit code of a shell says of them beyond this. */
const SIGNALED = 128;

const SIGNAL_NAMES: Readonly<Record<string, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGQUIT: 'quit',
  SIGILL: 'illegal instruction',
  SIGABRT: 'aborted',
  SIGFPE: 'floating point exception',
  SIGKILL: 'killed',
  SIGSEGV: 'segmentation fault',
  SIGPIPE: 'broken pipe',
  SIGALRM: 'alarm clock',
  SIGTERM: 'terminated',
};

/** How a process ended, in the words that Go has for it. */
function toEnd(execution: Execution) {
  if (execution.timedOut) throw new ConnectError('deadline_exceeded', 'The process was ended at its deadline.');
  if (toEnding(execution) === 'lost') {
    throw new ConnectError('unavailable', execution.notice ?? 'The process was lost with its sandbox.');
  }
  const { exitCode, signal, oomKilled, memoryLimitBytes } = execution;
  if (signal === null) {
    const status = `exit status ${exitCode}`;
    return { exitCode, exited: true, status, ...(exitCode === 0 ? {} : { error: status }) };
  }
  const name = SIGNAL_NAMES[signal] ?? `signal ${exitCode - SIGNALED}`;
  const status = `signal: ${name}`;
  const memory = ` (out of memory: the limit is ${Math.floor(memoryLimitBytes / 2 ** 20)} MiB)`;
  return { exitCode: -1, exited: false, status, error: oomKilled ? `${status}${memory}` : status };
}
