import { posix } from 'node:path';
import { Mutex } from '../async/mutex.ts';
import { SandboxError } from '../base/errors.ts';
import { toSandboxId } from '../base/sandbox-address.ts';
import { toEnding } from '../processes/executions.ts';
import type { SandboxAccess } from '../sandboxes/access.ts';
import type { SandboxRef } from '../sandboxes/asked/ref.ts';
import type { Sandboxes } from '../sandboxes/sandboxes.ts';
import { WORKSPACE } from '../sandboxes/spec/folders.ts';
import { type CallScope, toScopeCode } from './call-scope.ts';
import { type CellExecution, type CellRequest, executeCell } from './cells.ts';
import type { ContextLanguage } from './languages.ts';

interface LanguageContextsConfig {
  /** Kept of each of stdout and stderr of a cell, in bytes. */
  readonly outputLimitBytes: number;
  /** Contexts in one sandbox. */
  readonly maxContexts: number;
}

/** How long setting and putting back what holds for one call may take, in seconds. */
const SCOPE_SECONDS = 10;

/** The one context that a sandbox has of each language from its first use on, for those who know no contexts. */
export class LanguageContexts {
  readonly #sandboxes: Sandboxes;
  readonly #config: LanguageContextsConfig;
  /** By sandbox and language, while any call is under way. */
  readonly #turns = new Map<string, Mutex>();

  constructor(sandboxes: Sandboxes, config: LanguageContextsConfig) {
    this.#sandboxes = sandboxes;
    this.#config = config;
  }

  /**
   * Runs code when the calls before it are over, in the sandbox's own folder and with its variables, and what the scope says for this
   * call alone. Throws `limit` where the calls before it take longer than it may take itself, `not_found` where there is no sandbox.
   */
  async execute(
    ref: SandboxRef,
    language: ContextLanguage,
    cell: CellRequest,
    scope: CallScope,
  ): Promise<CellExecution> {
    return await this.#sandboxes.use(ref, { lease: 'run' }, (access) =>
      this.#inTurn(`${toSandboxId(ref.address)} ${language}`, cell, () => this.#run(access, language, cell, scope)),
    );
  }

  async #run(
    access: SandboxAccess,
    language: ContextLanguage,
    cell: CellRequest,
    scope: CallScope,
  ): Promise<CellExecution> {
    const run = (request: CellRequest) => this.#cell(access, language, request);
    const cwd = scope.cwd === null ? null : posix.resolve(access.cwd ?? WORKSPACE, scope.cwd);
    const code = toScopeCode(language, { ...scope, cwd });
    if (!code) return noted(access, language, await run(cell));
    const aside = { timeoutSeconds: SCOPE_SECONDS, isSilent: true, isTyped: false };
    try {
      // It waits for its interpreter as long as the code itself would.
      const timeoutSeconds = Math.max(SCOPE_SECONDS, cell.timeoutSeconds);
      const begun = await run({ ...aside, timeoutSeconds, code: code.begin });
      return begun.execution.exitCode === 0 ? noted(access, language, await run(cell)) : begun;
    } finally {
      await run({ ...aside, code: code.end });
    }
  }

  async #cell(access: SandboxAccess, language: ContextLanguage, cell: CellRequest): Promise<CellExecution> {
    const { outputLimitBytes, maxContexts: most } = this.#config;
    const cwd = access.cwd ?? WORKSPACE;
    const setup = { about: { name: null, cwd }, language, cwd, env: access.env, isLost: false };
    return await executeCell(access, `language-${language}`, cell, { setup, most, outputLimitBytes });
  }

  async #inTurn<T>(key: string, { timeoutSeconds, signal }: CellRequest, work: () => Promise<T>): Promise<T> {
    const mutex = this.#turns.get(key) ?? new Mutex();
    this.#turns.set(key, mutex);
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), timeoutSeconds * 1000);
    const over = AbortSignal.any([giveUp.signal, ...(signal ? [signal] : [])]);
    const turn = mutex.run(async () => {
      if (over.aborted) throw busy();
      clearTimeout(timer);
      return await work();
    });
    const given = new Promise<never>((_resolve, reject) => {
      giveUp.signal.addEventListener('abort', () => reject(busy()), { once: true });
    });
    try {
      return await Promise.race([turn, given]);
    } finally {
      clearTimeout(timer);
      turn
        .catch(() => undefined)
        .finally(() => {
          if (mutex.isFree) this.#turns.delete(key);
        });
    }
  }
}

function noted(access: SandboxAccess, language: ContextLanguage, cell: CellExecution): CellExecution {
  access.noteRun(language, cell.execution.durationMs, toEnding(cell.execution));
  return cell;
}

function busy(): SandboxError {
  const sentence = 'Calls before this one keep the sandbox busy with this language, so this one did not run.';
  return new SandboxError('limit', sentence, { retryAfterSeconds: 5 });
}
