import { posix } from 'node:path';
import {
  describeProcess,
  forgetProcess,
  listProcesses,
  type ProcessFacts,
  readProcessOutput,
  signalProcess,
  startProcess,
  type TerminalSize,
  waitForProcess,
  writeToProcess,
  writtenBefore,
} from '../agent/calls/processes.ts';
import type { Program } from '../agent/calls/run.ts';
import { resizeTerminal, viewTerminal } from '../agent/calls/terminals.ts';
import type { Chunks } from '../agent/calls/transfer.ts';
import { AgentFailure } from '../agent/wire/failures.ts';
import { toWholeMs } from '../async/whole-ms.ts';
import { SandboxError } from '../base/errors.ts';
import type { SandboxAccess } from '../sandboxes/access.ts';
import type { SandboxRef } from '../sandboxes/asked/ref.ts';
import type { Sandboxes } from '../sandboxes/sandboxes.ts';
import type { ProcessEvent } from './events.ts';
import { type Execution, execute, toEnding } from './executions.ts';
import { type KeptProcess, toKeptProcess } from './kept-process.ts';
import { namingFields } from './lacking.ts';
import type { RunOptions, StartOptions, StreamOptions } from './process-options.ts';
import { languageOf } from './programs.ts';
import { noteEnd, readProcess } from './reading.ts';
import { Terminal } from './terminal.ts';

interface ProcessesConfig {
  /** Kept of each of stdout and stderr of a run, in bytes. */
  readonly outputLimitBytes: number;
  /** Processes kept in one sandbox. */
  readonly maxProcesses: number;
}

/** How long the input of a process may take none of what is written, in milliseconds. */
const STDIN_IDLE_MS = 30_000;

/** Programs in sandboxes: runs that somebody waits for, and processes that are kept. */
export class Processes {
  readonly #sandboxes: Sandboxes;
  readonly #config: ProcessesConfig;

  constructor(sandboxes: Sandboxes, config: ProcessesConfig) {
    this.#sandboxes = sandboxes;
    this.#config = config;
  }

  /** Runs a program to its end; how it ended is a result, whatever it was. */
  async run(ref: SandboxRef, program: Program, options: RunOptions): Promise<Execution> {
    const { lease = 'run', needsRoom = false, ...run } = options;
    return await this.#sandboxes.use(
      ref,
      { lease, needsRoom },
      async ({ connection, memory, runsOn, env: common, cwd: own, noteRun }) => {
        const env = common && run.env ? { ...common, ...run.env } : (run.env ?? common);
        const cwd = run.cwd === undefined || own === undefined ? (run.cwd ?? own) : posix.resolve(own, run.cwd);
        const { outputLimitBytes } = this.#config;
        const execution = await execute(connection, program, { ...run, outputLimitBytes, memory, runsOn, env, cwd });
        noteRun(languageOf(program), execution.durationMs, toEnding(execution));
        return execution;
      },
    );
  }

  /** Runs a program whose caller reads what it says as it comes, and paces it. Throws before the first event or ends with `exit`. */
  async *stream(ref: SandboxRef, program: Program, options: StreamOptions): AsyncGenerator<ProcessEvent> {
    const { signal, keepsRunning, needsRoom = false } = options;
    const held = await this.#sandboxes.acquire(ref, { lease: 'run', needsRoom });
    let failure: unknown = null;
    try {
      const { id } = await this.#start(held, program, options, true, keepsRunning ? undefined : signal);
      yield* noteEnd(held, languageOf(program), readProcess(held, id, { isCaller: true, keepsRunning, signal }));
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      held.release(failure);
    }
  }

  /** Starts a program that lives on by itself, for which nobody waits; throws `conflict` where as many are kept as may be. */
  async start(ref: SandboxRef, program: Program, options: StartOptions): Promise<KeptProcess> {
    const { needsRoom = false } = options;
    return await this.#sandboxes.use(ref, { lease: 'file', needsRoom }, async (access) =>
      toKeptProcess(await this.#start(access, program, options, false)),
    );
  }

  /** The events of a process behind one that its reader knows, from the oldest that is kept where it knows none. */
  async *events(
    ref: SandboxRef,
    id: number,
    options: { readonly after?: number | undefined; readonly signal: AbortSignal },
  ): AsyncGenerator<ProcessEvent> {
    await this.#requireUp(ref, id);
    const held = await this.#sandboxes.acquire(ref, { lease: 'stream' });
    let failure: unknown = null;
    try {
      yield* readProcess(held, id, options);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      held.release(failure);
    }
  }

  /** All that are kept, and plain runs while they run, newest first; none where the sandbox is stopped. That is no use of it. */
  async list(ref: SandboxRef): Promise<readonly KeptProcess[]> {
    const found = await this.#sandboxes.look(ref, (connection) => listProcesses(connection));
    return (found ?? []).map(toKeptProcess);
  }

  /** One of them; throws `not_found`. That is no use of the sandbox either. */
  async get(ref: SandboxRef, id: number): Promise<KeptProcess> {
    const found = await this.#sandboxes.look(ref, (connection) => describeProcess(connection, id));
    if (!found) throw stopped(id);
    return toKeptProcess(found);
  }

  /** What is kept of one output, or the last `tail` bytes of that. */
  async output(ref: SandboxRef, id: number, stream: 'stdout' | 'stderr', tail: number | undefined): Promise<Buffer> {
    return await this.#use(ref, id, ({ connection }) => readProcessOutput(connection, id, { stream, tail }));
  }

  /** Sends a signal by its number; throws `conflict` where the process has ended. */
  async signal(ref: SandboxRef, id: number, signal: number, isForTree: boolean): Promise<void> {
    const isSent = await this.#use(ref, id, ({ connection }) => signalProcess(connection, id, signal, isForTree));
    if (!isSent) throw new SandboxError('conflict', `Process ${id} has ended.`);
  }

  /** Writes to the standard input; throws `conflict` where there is none any more, `stalled` where it is not read. */
  async write(
    ref: SandboxRef,
    id: number,
    chunks: Chunks,
    options: { readonly closes: boolean; readonly signal: AbortSignal },
  ): Promise<void> {
    const how = { ...options, idleMs: STDIN_IDLE_MS };
    await this.#use(ref, id, async ({ connection }) => {
      try {
        await writeToProcess(connection, id, chunks, how);
      } catch (error) {
        if (!(error instanceof AgentFailure) || error.code !== 'hung' || !connection.isOpen) throw error;
        const sentence = `Process ${id} has read none of its input for ${STDIN_IDLE_MS / 1000} seconds; what it had not read is dropped.`;
        throw new SandboxError('stalled', sentence, { cause: error, written: writtenBefore(error) });
      }
    });
  }

  /** Changes the size of a process's terminal; throws `conflict` where it has none. */
  async resize(ref: SandboxRef, id: number, size: TerminalSize): Promise<void> {
    await this.#use(ref, id, ({ connection }) => resizeTerminal(connection, id, size));
  }

  /** One that has a terminal that another viewer may look at; throws `conflict` where it has none, `limit` where there are as many as may be. */
  async getViewable(ref: SandboxRef, id: number): Promise<KeptProcess> {
    const process = await this.get(ref, id);
    if (process.tty === null) throw new SandboxError('conflict', `Process ${id} has no terminal.`);
    this.#sandboxes.requireFree(ref, 'terminal');
    return process;
  }

  /** Shows the terminal of a process from behind a number of its output's bytes on; its `close` has to be called. */
  async view(
    ref: SandboxRef,
    id: number,
    options: { readonly after?: number | undefined; readonly signal: AbortSignal },
  ): Promise<Terminal> {
    await this.#requireUp(ref, id);
    const held = await this.#sandboxes.acquire(ref, { lease: 'terminal' });
    const view = viewTerminal(held.connection, id, options);
    return new Terminal(view, held, options.after);
  }

  /** Waits for the end, for so long. */
  async wait(ref: SandboxRef, id: number, timeoutSeconds: number, signal: AbortSignal): Promise<KeptProcess> {
    await this.#requireUp(ref, id);
    const waited = this.#sandboxes.use(ref, { lease: 'stream' }, ({ connection }) =>
      waitForProcess(connection, id, toWholeMs(timeoutSeconds), signal),
    );
    return toKeptProcess(await waited);
  }

  /** Ends a process with its tree and forgets it. */
  async remove(ref: SandboxRef, id: number): Promise<KeptProcess> {
    return toKeptProcess(await this.#use(ref, id, ({ connection }) => forgetProcess(connection, id)));
  }

  /** No process is made by a look at it, and none is in a sandbox that does not run. */
  async #requireUp(ref: SandboxRef, id: number): Promise<void> {
    if (!(await this.#sandboxes.isUp(ref))) throw stopped(id);
  }

  async #use<T>(ref: SandboxRef, id: number, work: (access: SandboxAccess) => Promise<T>): Promise<T> {
    await this.#requireUp(ref, id);
    return await this.#sandboxes.use(ref, { lease: 'file' }, work);
  }

  async #start(
    { connection, env: common }: SandboxAccess,
    program: Program,
    options: StartOptions,
    hasCaller: boolean,
    signal?: AbortSignal,
  ): Promise<ProcessFacts> {
    const {
      about,
      timeoutSeconds,
      env,
      hasStdin = false,
      mustStart = false,
      keepsAwake = false,
      tracksFiles,
      tty,
    } = options;
    try {
      return await startProcess(connection, program, {
        about,
        hasCaller,
        most: this.#config.maxProcesses,
        timeoutMs: toWholeMs(timeoutSeconds),
        cwd: about.cwd,
        env: common && env ? { ...common, ...env } : (env ?? common),
        hasStdin,
        mustStart,
        keepsAwake,
        tracksFiles,
        tty,
        signal,
      });
    } catch (error) {
      throw namingFields(error, program);
    }
  }
}

function stopped(id: number): SandboxError {
  const sentence = `There is no process ${id}: the sandbox was stopped since, which ends them all.`;
  return new SandboxError('not_found', sentence);
}
