import { attachProcess } from '../../agent/calls/attach.ts';
import {
  listProcesses,
  type ProcessFacts,
  signalProcess,
  startProcess,
  waitForProcess,
} from '../../agent/calls/processes.ts';
import type { AgentConnection } from '../../agent/wire/connection.ts';
import { AgentFailure } from '../../agent/wire/failures.ts';
import type { Clock } from '../../async/clock.ts';
import { createDeferred } from '../../async/deferred.ts';
import { isSandboxError } from '../../base/errors.ts';
import type { SandboxId } from '../../base/sandbox-address.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import type { HeldSandbox } from '../../sandboxes/access.ts';
import type { FoundMain, MainNotes } from '../../sandboxes/main-notes.ts';
import type { SandboxLogs } from '../../sandboxes/sandbox-logs.ts';
import type { Sandboxes } from '../../sandboxes/sandboxes.ts';
import { WORKSPACE } from '../../sandboxes/spec/folders.ts';
import { EventReader } from '../events.ts';
import { type Execution, toEnding } from '../executions.ts';
import { toAbout } from '../kept-process.ts';
import { MainLog } from './main-log.ts';

/** Where a program ends that nobody could start, as shells have it. */
const NOT_STARTED = 127;

const SIGTERM = 15;

/** The longest time between an end and the next start, in milliseconds. */
const MAX_PAUSE_MS = 300_000;

/** What a main process runs with. */
export interface MainRunParts {
  readonly sandboxes: Sandboxes;
  readonly notes: MainNotes;
  readonly logs: SandboxLogs;
  readonly clock: Clock;
  readonly events: CoreEvents;
  /** Processes kept in one sandbox. */
  readonly maxProcesses: number;
  /** Resolves after so long; rejects when the signal is raised. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** The main process of one sandbox, from a start of that to its stop: starts it, keeps what it says, and starts it again where it fails. */
export class MainRun {
  readonly #parts: MainRunParts;
  readonly #id: SandboxId;
  readonly #log: () => MainLog;
  readonly #ending = new AbortController();
  readonly #started = createDeferred<void>();
  #isWaiting = false;
  #isAsked = false;
  #current: { readonly connection: AgentConnection; readonly id: number } | null = null;

  constructor(parts: MainRunParts, id: SandboxId) {
    this.#parts = parts;
    this.#id = id;
    this.#log = () => new MainLog(parts.logs, parts.clock, id);
  }

  /** Resolves once it runs for the first time, cannot be started, or there is none. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /** True between its end and its next start. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Asks it to end, and waits for that for so long; its end is then nobody's but who asked. */
  async ask(graceSeconds: number): Promise<void> {
    this.#isAsked = true;
    if (!this.#current) return;
    const { connection, id } = this.#current;
    try {
      await signalProcess(connection, id, SIGTERM, false);
      const timeoutMs = graceSeconds * 1000;
      if (timeoutMs > 0) await waitForProcess(connection, id, timeoutMs, this.#ending.signal);
    } catch (error) {
      if (!(error instanceof AgentFailure)) throw error;
    }
  }

  /** Leaves it alone; it runs on. */
  leave(): void {
    this.#ending.abort();
  }

  /** Resolves when there is nothing more to look after. */
  async follow(): Promise<void> {
    try {
      const found = await this.#parts.notes.find(this.#id);
      if (found) await this.#follow(found);
    } finally {
      this.#started.resolve();
    }
  }

  async #follow(first: FoundMain): Promise<void> {
    let restarts = 0;
    let mayBeThere = true;
    for (;;) {
      const found = await this.#parts.notes.find(this.#id);
      // What was started since is another's to follow.
      if (found?.startedAtMs !== first.startedAtMs) return;
      const held = await this.#acquire(found);
      if (!held) return;
      const exitCode = await this.#once(held, found, mayBeThere);
      if (this.#ending.signal.aborted || this.#isAsked) return;
      mayBeThere = exitCode === null;
      if (exitCode === null) continue;
      if (exitCode === 0 || restarts >= found.main.maxRetries) return await this.#parts.notes.end(found, exitCode);
      await this.#pause(Math.min(1000 * 2 ** restarts, MAX_PAUSE_MS));
      if (this.#ending.signal.aborted || this.#isAsked) return;
      restarts += 1;
      this.#parts.events.emit({ type: 'main_restart', sandboxId: this.#id });
    }
  }

  /** Null where the sandbox no longer runs. */
  async #acquire({ ref }: FoundMain): Promise<HeldSandbox | null> {
    try {
      return await this.#parts.sandboxes.acquire(ref, { lease: 'stream', isUse: false, thawsOnly: true });
    } catch (error) {
      if (isSandboxError(error, 'unreachable') || isSandboxError(error, 'not_found')) return null;
      throw error;
    }
  }

  /** The exit code of one run; null where the agent was lost meanwhile, and with it what is known of the run. */
  async #once(held: HeldSandbox, found: FoundMain, mayBeThere: boolean): Promise<number | null> {
    let failure: unknown = null;
    const log = this.#log();
    try {
      const there = mayBeThere ? await this.#find(held) : undefined;
      const { id } = there ?? (await this.#start(held, found));
      this.#current = { connection: held.connection, id };
      this.#started.resolve();
      const after = there ? await this.#parts.logs.lastEvent(this.#id, id, there.startedAtMs) : 0;
      const execution = await this.#read(held, id, after, log);
      held.noteRun('main', execution.durationMs, toEnding(execution));
      await log.say(...describe(execution));
      return execution.exitCode;
    } catch (error) {
      failure = error;
      if (!(error instanceof AgentFailure)) throw error;
      if (held.connection.isOpen) {
        await log.say('error', `The main process cannot be started: ${error.message}`);
        return NOT_STARTED;
      }
      return null;
    } finally {
      this.#current = null;
      held.release(failure);
    }
  }

  async #find({ connection }: HeldSandbox): Promise<ProcessFacts | undefined> {
    return (await listProcesses(connection)).find(({ about }) => about.isMain === true);
  }

  async #start({ connection, env }: HeldSandbox, { main }: FoundMain): Promise<ProcessFacts> {
    const program = { program: 'argv', argv: main.argv } as const;
    const about = toAbout(program, { name: null, labels: {}, cwd: WORKSPACE });
    return await startProcess(connection, program, {
      about: { ...about, isMain: true },
      hasCaller: false,
      most: this.#parts.maxProcesses,
      timeoutMs: 0,
      cwd: about.cwd,
      env,
      signal: this.#ending.signal,
    });
  }

  async #read({ connection, memory }: HeldSandbox, processId: number, after: number, log: MainLog): Promise<Execution> {
    const reader = new EventReader(memory.limitBytes, after);
    const { signal } = this.#ending;
    for await (const frame of attachProcess(connection, processId, { after, signal })) {
      for (const event of reader.read(frame)) {
        await log.note(event, processId);
        if (event.type === 'exit') return event.execution;
      }
    }
    throw new AgentFailure('lost', 'The agent did not say how the main process ended.');
  }

  async #pause(ms: number): Promise<void> {
    this.#isWaiting = true;
    try {
      await this.#parts.wait(ms, this.#ending.signal);
    } catch (error) {
      if (!this.#ending.signal.aborted) throw error;
    } finally {
      this.#isWaiting = false;
    }
  }
}

function describe({ exitCode, oomKilled, notice }: Execution): readonly ['info' | 'error', string] {
  const level = exitCode === 0 ? 'info' : 'error';
  if (oomKilled) return [level, `The main process was ended for its memory (exit code ${exitCode}).`];
  return [level, `${notice === null ? '' : `${notice} `}The main process ended with exit code ${exitCode}.`];
}
