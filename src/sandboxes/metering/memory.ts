import { isSandboxError } from '../../base/errors.ts';
import type { Engine, EngineId } from '../../engines/engine.ts';
import type { SandboxSpec } from '../spec/sandbox-spec.ts';

/** How long a program that ended without a word waits for news of the engine, in milliseconds: many end so by themselves. */
const SILENT_MS = 100;

/** How long news of the engine may take, in milliseconds. */
const NEWS_MS = 500;

/** The memory of the sandbox that one call works in. */
export class SandboxMemory {
  readonly limitBytes: number;
  /** True where the agent counts what is killed for want of memory; a kernel of the sandbox's own is in the limit and does not. */
  readonly isCountedInside: boolean;
  readonly #engine: Engine;
  readonly #engineId: EngineId | null;

  constructor(
    engine: Engine,
    engineId: EngineId | null,
    { memoryBytes, runtime }: Pick<SandboxSpec, 'memoryBytes' | 'runtime'>,
  ) {
    this.limitBytes = memoryBytes;
    this.isCountedInside = !engine.traits.hasOwnKernel(runtime);
    this.#engine = engine;
    this.#engineId = engineId;
  }

  /**
   * Whether memory ran out after a moment on the clock of `performance.now()`, as the engine knows it; false where it does not say. A
   * program that said nothing as it ended may have been taken just now.
   */
  async ranOut(sinceMs: number, isSilent: boolean): Promise<boolean> {
    return await this.#ask(sinceMs, isSilent ? SILENT_MS : 0);
  }

  /** The same once the whole sandbox is lost: a kernel of its own ends at once, and the engine hears a moment later why. */
  async endedIt(sinceMs: number): Promise<boolean> {
    return await this.#ask(sinceMs, this.isCountedInside ? 0 : NEWS_MS);
  }

  async #ask(sinceMs: number, waitMs: number): Promise<boolean> {
    if (!this.#engineId) return false;
    try {
      return await this.#engine.ranOutOfMemory(this.#engineId, sinceMs, waitMs);
    } catch (error) {
      if (!isSandboxError(error)) throw error;
      return false;
    }
  }
}
