import type { ProcessEvent } from '../../../processes/events.ts';
import type { Execution } from '../../../processes/executions.ts';
import type { KeptProcess } from '../../../processes/kept-process.ts';
import type { ToolCall } from '../tool.ts';

/** After the first that is new, what follows within this time is told with it, in milliseconds. */
const GATHER_MS = 300;

/** What a process has said since. */
export interface Collected {
  readonly text: string;
  /** The number of the last event that is in it. */
  readonly last: number;
  /** How it ended; null while it runs. */
  readonly exit: Execution | null;
}

/**
 * What the events behind number `after` say, up to the newest; where they say nothing, those that come within `waitSeconds`. That a
 * process has begun is an event that says nothing.
 */
export async function collectNew(
  process: KeptProcess,
  after: number,
  waitSeconds: number,
  { core, ref, signal, progress }: ToolCall,
): Promise<Collected> {
  const hasEnded = process.exit !== null;
  const newest = process.lastEventId;
  const hasNew = after < newest;
  const state = { text: '', last: Math.min(after, newest), exit: null as Execution | null };
  if (!hasNew && !hasEnded && waitSeconds === 0) return state;
  const timer = new Deadline();
  const wait = () => {
    progress('nothing new yet');
    timer.set(waitSeconds * 1000);
  };
  if (!hasNew && !hasEnded) wait();
  try {
    const known = hasEnded && !hasNew ? newest - 1 : after;
    const options = { after: Math.min(known, newest), signal: AbortSignal.any([signal, timer.signal]) };
    for await (const event of core.processes.events(ref, process.id, options)) {
      if (event.type === 'opened') continue;
      take(event, state);
      if (event.type === 'exit') break;
      if (waitSeconds > 0) progress(`event ${event.id}`);
      if (hasEnded) continue;
      if (event.id < newest) continue;
      // What was there at the start is told at once; what follows a wait, together with what comes right after it.
      const isOld = hasNew && event.id === newest;
      if (isOld && (state.text !== '' || waitSeconds === 0)) break;
      if (isOld) wait();
      else if (state.text !== '') timer.shorten(GATHER_MS);
    }
  } catch (error) {
    if (!timer.signal.aborted) throw error;
  } finally {
    timer.clear();
  }
  return state;
}

function take(event: ProcessEvent, state: { text: string; last: number; exit: Execution | null }): void {
  state.last = event.id;
  if (event.type === 'stdout' || event.type === 'stderr') state.text += event.text;
  if (event.type === 'shown') state.text += `${event.line}\n`;
  if (event.type === 'gap') {
    // The next event has the number of the gap.
    state.last = event.id - 1;
    state.text += `\n[${event.bytes} bytes are not kept any more]\n`;
  }
  if (event.type === 'exit') state.exit = event.execution;
}

/** A signal that is raised after a time, once one is set, which can become shorter. */
class Deadline {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #isShort = false;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  shorten(milliseconds: number): void {
    if (this.#isShort) return;
    this.#isShort = true;
    this.set(milliseconds);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  set(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(), milliseconds);
  }
}
