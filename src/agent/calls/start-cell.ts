import type { AgentConnection } from '../wire/connection.ts';
import { call, type Feed } from './call.ts';
import { type CellOptions, cellParameters } from './cell-options.ts';
import { type ProcessFacts, processFacts } from './processes.ts';

/** What an answer may take beside the start of the interpreter, in milliseconds. */
const MARGIN_MS = 20_000;

interface StartCellOptions extends CellOptions {
  /** How many processes may be kept. */
  readonly mostProcesses: number;
  readonly about: Readonly<Record<string, unknown>>;
  /** False where nobody answers what the code asks for: it is told so at once. */
  readonly hasInput?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Puts code into the queue of a context, as a kept process that waits for its caller to attach. */
export function startCell(connection: AgentConnection, id: string, options: StartCellOptions): Promise<ProcessFacts> {
  const { code, timeoutMs, mostProcesses, about, hasInput = true, signal } = options;
  const parameters = {
    ...cellParameters(id, options),
    processes: mostProcesses,
    about,
    caller: true,
    ...(hasInput ? {} : { input: false }),
  };
  const feed: Feed = async (channel) => {
    await channel.write(0, Buffer.from(code, 'utf8'));
    channel.end(0);
  };
  // Its interpreter may take as long to start as the cell may run, which counts from there on.
  const waiting = { signal, deadlineMs: timeoutMs + MARGIN_MS };
  return call(connection, 'cell_start', parameters, processFacts, waiting, {}, feed);
}
