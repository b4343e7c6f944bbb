import { randomBytes } from 'node:crypto';
import { type ContextSetup, changeContext, listContexts, makeContext } from '../agent/calls/contexts.ts';
import { startCell } from '../agent/calls/start-cell.ts';
import { AgentFailure } from '../agent/wire/failures.ts';
import { toWholeMs } from '../async/whole-ms.ts';
import { SandboxError } from '../base/errors.ts';
import { toSandboxId } from '../base/sandbox-address.ts';
import type { ProcessEvent } from '../processes/events.ts';
import { toEnding } from '../processes/executions.ts';
import { toCodeAbout } from '../processes/kept-process.ts';
import { noteEnd, readProcess } from '../processes/reading.ts';
import type { SandboxAccess } from '../sandboxes/access.ts';
import type { SandboxRef } from '../sandboxes/asked/ref.ts';
import type { ContextNotes } from '../sandboxes/context-notes.ts';
import type { Sandboxes } from '../sandboxes/sandboxes.ts';
import { type CallScope, inScope, toScopeCode } from './call-scope.ts';
import { type CellExecution, type CellRequest, executeCell } from './cells.ts';
import { type Context, DEFAULT_CONTEXT, toContext, toDeadContext, UNUSED_DEFAULT } from './context.ts';
import { namingFields } from './field-errors.ts';
import { type ContextLanguage, toContextLanguage } from './languages.ts';
import { toNote, USED_DEFAULT, withNote } from './notes.ts';
import { Turns } from './turns.ts';

/** What a context is to be. */
export interface ContextRequest {
  /** Null: one that nobody has. */
  readonly id: string | null;
  readonly language: ContextLanguage;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>> | undefined;
  readonly name: string | null;
  /** True if values are shown as data too. */
  readonly isRich?: boolean;
}

/** How code is run whose events its caller reads. */
export interface CellStream extends CellRequest {
  /** True if it goes on although its caller has left. */
  readonly keepsRunning: boolean;
  readonly signal: AbortSignal;
  /** What holds for this call alone. */
  readonly scope?: CallScope | undefined;
  /** What its context is made with that nobody has made, where it may be made. */
  readonly standard?: Pick<ContextRequest, 'language' | 'cwd'> | undefined;
  readonly isRich?: boolean;
  /** False where nobody answers what the code asks for: it is told so at once. */
  readonly hasInput?: boolean;
}

interface ContextsConfig {
  /** Kept of each of stdout and stderr of a cell, in bytes. */
  readonly outputLimitBytes: number;
  /** Contexts in one sandbox. */
  readonly maxContexts: number;
  /** Processes kept in one sandbox, streamed cells among them. */
  readonly maxProcesses: number;
}

/** How long setting and putting back what holds for one call may take, in seconds. */
const SCOPE_SECONDS = 10;

const DEFAULT_SETUP: ContextSetup = {
  about: { name: null, cwd: '/workspace' },
  language: 'python',
  cwd: '/workspace',
  isLost: false,
};

/** Contexts of sandboxes. Methods but `make`, and `execute` in the default one, throw `not_found` where there is no sandbox. */
export class Contexts {
  readonly #sandboxes: Sandboxes;
  readonly #notes: ContextNotes;
  readonly #config: ContextsConfig;
  readonly #turns = new Turns();

  constructor(sandboxes: Sandboxes, notes: ContextNotes, config: ContextsConfig) {
    this.#sandboxes = sandboxes;
    this.#notes = notes;
    this.#config = config;
  }

  /** Makes a context, or finds the one of this id; throws `conflict` where that has another language, or there are as many as may be. */
  async make(
    ref: SandboxRef,
    request: ContextRequest,
  ): Promise<{ readonly context: Context; readonly isMade: boolean }> {
    const id = request.id ?? randomBytes(8).toString('hex');
    const { language, cwd, name, isRich } = request;
    const made = await this.#sandboxes.use(ref, { lease: 'file' }, async ({ connection, env: common }) => {
      const living = await listContexts(connection);
      const found = living.find((one) => one.id === id);
      const noted = (await this.#notes.list(ref)).find((one) => one.id === id);
      // A server that was killed before its note, or could not write that, has left one that nobody knows after a stop.
      if (found) return { context: toContext(found), isMade: false, mustNote: noted === undefined, living };
      const isListed = noted !== undefined && !noted.isByUse;
      if (isListed && noted.language !== language) {
        return { context: toDeadContext(noted), isMade: false, mustNote: false, living };
      }
      const env = common && request.env ? { ...common, ...request.env } : (request.env ?? common);
      const setup = { about: { name, cwd }, language, cwd, env, isLost: noted !== undefined, isRich };
      const { context, made } = await namingFields(makeContext(connection, id, setup, this.#config.maxContexts));
      return { context: toContext(context), isMade: made && !isListed, mustNote: made, living };
    });
    const { context, isMade, mustNote, living } = made;
    if (context.language !== language) {
      throw new SandboxError('conflict', `The context ${id} is there already, and is one of ${context.language}.`);
    }
    if (mustNote) {
      const alive = new Set(living.map((one) => one.id));
      await this.#notes.change(ref, (noted) =>
        withNote(noted, toNote(context), { most: this.#config.maxContexts, alive }),
      );
    }
    return { context, isMade };
  }

  /** All contexts; those of a sandbox that is stopped are dead. That is no use of it. */
  async list(ref: SandboxRef): Promise<readonly Context[]> {
    const noted = await this.#notes.list(ref);
    const living = (await this.#sandboxes.look(ref, (connection) => listContexts(connection))) ?? [];
    const ids = new Set(living.map(({ id }) => id));
    const dead = noted.filter(({ id, isByUse }) => !ids.has(id) && !isByUse).map(toDeadContext);
    const contexts = [...dead, ...living.map(toContext)];
    return contexts.some(({ id }) => id === DEFAULT_CONTEXT) ? contexts : [UNUSED_DEFAULT, ...contexts];
  }

  /** One context; throws `not_found`. */
  async get(ref: SandboxRef, id: string): Promise<Context> {
    const found = (await this.list(ref)).find((one) => one.id === id);
    if (!found) throw notFound(id);
    return found;
  }

  /** Runs code when the calls before it are over; throws `not_found` where there is no such context. */
  async execute(ref: SandboxRef, id: string, cell: CellRequest): Promise<CellExecution> {
    if (id !== DEFAULT_CONTEXT) await this.#sandboxes.isUp(ref);
    return await this.#sandboxes.use(ref, { lease: 'run' }, async (access) => {
      const setup = await this.#setupOf(ref, id, access.env);
      const { outputLimitBytes, maxContexts: most } = this.#config;
      const result = await namingFields(executeCell(access, id, cell, { setup, most, outputLimitBytes }));
      access.noteRun(languageOf(setup), result.execution.durationMs, toEnding(result.execution));
      if (isUnnotedDefault(id, setup)) await this.#notes.noteSoon(ref, USED_DEFAULT);
      return result;
    });
  }

  /** The same as it goes, at the pace of its reader, whose going interrupts the code unless it is to run on. Throws before the first event or ends with `exit`. */
  async *stream(ref: SandboxRef, id: string, request: CellStream): AsyncGenerator<ProcessEvent> {
    const { keepsRunning, signal, scope, standard, isRich, ...cell } = request;
    if (id !== DEFAULT_CONTEXT && !standard) await this.#sandboxes.isUp(ref);
    const held = await this.#sandboxes.acquire(ref, { lease: 'run' });
    let failure: unknown = null;
    let endTurn = () => {};
    try {
      const made = standard && { ...standard, about: { name: null, cwd: standard.cwd }, env: held.env, isLost: false };
      const noted = await this.#setupOf(ref, id, held.env);
      const setup = noted ? { ...noted, isRich } : made && { ...made, isRich };
      const { maxContexts: most, maxProcesses: mostProcesses, outputLimitBytes } = this.#config;
      const about = toCodeAbout('context', cell.code, setup?.cwd ?? DEFAULT_SETUP.cwd);
      const timeoutMs = toWholeMs(cell.timeoutSeconds);
      const wanted = keepsRunning ? undefined : signal;
      const options = { ...cell, setup, most, mostProcesses, about, timeoutMs, signal: wanted };
      const notes = this.#notes;
      const run = async function* () {
        const { id: process } = await namingFields(startCell(held.connection, id, options));
        if (isUnnotedDefault(id, noted)) await notes.noteSoon(ref, USED_DEFAULT);
        yield* noteEnd(held, languageOf(setup), readProcess(held, process, { isCaller: true, keepsRunning, signal }));
      };
      const language = toContextLanguage(languageOf(setup));
      const code = scope && language ? toScopeCode(language, scope) : null;
      const aside = { timeoutSeconds: SCOPE_SECONDS, isSilent: true, isTyped: false };
      const limits = { setup, most, outputLimitBytes };
      // It waits for the calls before it, and for its interpreter, as long as the code itself would.
      const waiting = { ...aside, timeoutSeconds: Math.max(SCOPE_SECONDS, cell.timeoutSeconds), signal };
      const begin = (text: string) => executeCell(held, id, { ...waiting, code: text }, limits);
      const end = (text: string) => executeCell(held, id, { ...aside, code: text }, limits);
      const key = `${toSandboxId(ref.address)} ${id}`;
      // What holds for one call alone holds for none that comes within it.
      if (code || this.#turns.isBusy(key)) endTurn = await this.#turns.take(key, request);
      yield* code ? inScope(code, { begin, end }, run) : run();
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      endTurn();
      held.release(failure);
    }
  }

  /** Raises KeyboardInterrupt in what runs; the variables stay. */
  async interrupt(ref: SandboxRef, id: string): Promise<void> {
    await this.#changeLiving(ref, id, 'interrupt');
  }

  /** Gives it a fresh interpreter. */
  async restart(ref: SandboxRef, id: string): Promise<Context> {
    await this.get(ref, id);
    return await this.#sandboxes.use(ref, { lease: 'file' }, async ({ connection, env }) => {
      const isThere = (await listContexts(connection)).some((one) => one.id === id);
      if (isThere) return toContext(await changeContext(connection, 'restart', id));
      const setup = (await this.#setupOf(ref, id, env)) ?? DEFAULT_SETUP;
      return toContext((await makeContext(connection, id, setup, this.#config.maxContexts)).context);
    });
  }

  /** Ends and forgets it. */
  async remove(ref: SandboxRef, id: string): Promise<void> {
    await this.#changeLiving(ref, id, 'delete');
    await this.#notes.change(ref, (noted) => noted.filter((one) => one.id !== id));
  }

  /** Does that to its interpreter, if it has one; a use of its sandbox in any case. */
  async #changeLiving(ref: SandboxRef, id: string, change: 'interrupt' | 'delete'): Promise<void> {
    await this.get(ref, id);
    await this.#sandboxes.use(ref, { lease: 'file' }, async ({ connection }) => {
      try {
        await changeContext(connection, change, id);
      } catch (error) {
        const isGone = error instanceof AgentFailure && error.code === 'not_found';
        if (!isGone) throw error;
      }
    });
  }

  /** What it is made with where its interpreter is not there; undefined for one that nobody has made. */
  async #setupOf(ref: SandboxRef, id: string, env: SandboxAccess['env']): Promise<ContextSetup | undefined> {
    const noted = (await this.#notes.list(ref)).find((one) => one.id === id);
    if (!noted) return id === DEFAULT_CONTEXT ? { ...DEFAULT_SETUP, env } : undefined;
    const { name, cwd, language } = noted;
    return { about: { name, cwd }, language, cwd, env, isLost: true };
  }
}

/** True where the record does not say yet that variables of the default context may be lost. */
function isUnnotedDefault(id: string, setup: ContextSetup | undefined): boolean {
  return id === DEFAULT_CONTEXT && setup !== undefined && !setup.isLost;
}

function notFound(id: string): SandboxError {
  return new SandboxError('not_found', `There is no context ${id}.`);
}

function languageOf(setup: ContextSetup | undefined): string {
  return setup?.language ?? DEFAULT_SETUP.language;
}
