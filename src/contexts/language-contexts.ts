import { posix } from 'node:path';
import { toSandboxId } from '../base/sandbox-address.ts';
import { toEnding } from '../processes/executions.ts';
import type { SandboxAccess } from '../sandboxes/access.ts';
import type { SandboxRef } from '../sandboxes/asked/ref.ts';
import type { Sandboxes } from '../sandboxes/sandboxes.ts';
import { WORKSPACE } from '../sandboxes/spec/folders.ts';
import { type CallScope, toScopeCode } from './call-scope.ts';
import { type CellExecution, type CellRequest, executeCell } from './cells.ts';
import type { ContextLanguage } from './languages.ts';
import { Turns } from './turns.ts';

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
  /** By sandbox and language. */
  readonly #turns = new Turns();

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

  async #inTurn<T>(key: string, cell: CellRequest, work: () => Promise<T>): Promise<T> {
    const end = await this.#turns.take(key, cell);
    try {
      return await work();
    } finally {
      end();
    }
  }
}

function noted(access: SandboxAccess, language: ContextLanguage, cell: CellExecution): CellExecution {
  access.noteRun(language, cell.execution.durationMs, toEnding(cell.execution));
  return cell;
}
