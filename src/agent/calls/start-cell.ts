import type { AgentConnection } from '../wire/connection.ts';
import { call, type Feed } from './call.ts';
import { type ContextSetup, setupParameters } from './contexts.ts';
import { type ProcessFacts, processFacts } from './processes.ts';

/** How long an answer that waits for nothing may take, in milliseconds. */
const ANSWER_MS = 20_000;

interface StartCellOptions {
  readonly code: string;
  /** AgentFailure `mismatch` where the context has another; absent: that of the context. */
  readonly language?: string | undefined;
  /** What its context is made with where it is not there; absent: AgentFailure `not_found`. */
  readonly setup: ContextSetup | undefined;
  /** How many contexts may be there, and how many processes may be kept. */
  readonly most: number;
  readonly mostProcesses: number;
  readonly about: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  readonly isSilent: boolean;
  /** Whether the code has types to be taken from it; that of its context where absent. */
  readonly isTyped?: boolean | undefined;
  /** True if its end is to say which files of the workspace have changed. */
  readonly tracksFiles?: boolean | undefined;
  /** False where nobody answers what the code asks for: it is told so at once. */
  readonly hasInput?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Puts code into the queue of a context, as a kept process that waits for its caller to attach. */
export function startCell(connection: AgentConnection, id: string, options: StartCellOptions): Promise<ProcessFacts> {
  const {
    code,
    language,
    setup,
    most,
    mostProcesses,
    about,
    timeoutMs,
    isSilent,
    isTyped,
    tracksFiles = false,
    hasInput = true,
    signal,
  } = options;
  const parameters = {
    id,
    ...(language === undefined ? {} : { language }),
    ...(setup ? { make: setupParameters(setup) } : {}),
    most,
    processes: mostProcesses,
    about,
    caller: true,
    timeoutMs,
    silent: isSilent,
    ...(isTyped === undefined ? {} : { typed: isTyped }),
    ...(tracksFiles ? { trackFiles: true } : {}),
    ...(hasInput ? {} : { input: false }),
  };
  const feed: Feed = async (channel) => {
    await channel.write(0, Buffer.from(code, 'utf8'));
    channel.end(0);
  };
  return call(connection, 'cell_start', parameters, processFacts, { signal, deadlineMs: ANSWER_MS }, {}, feed);
}
