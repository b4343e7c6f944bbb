import { isSandboxError } from '../../base/errors.ts';
import type { Engine, EngineId } from '../../engines/engine.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { clearFreezeMark, isMarkedFrozen, markFrozen } from '../storage/freeze-mark.ts';
import type { SandboxStore } from '../storage/store.ts';
import type { Lifecycle } from './lifecycle.ts';

interface FreezerParts {
  readonly engine: Engine;
  readonly store: SandboxStore;
  readonly lifecycle: Lifecycle;
  readonly onError: (error: unknown) => void;
}

/** Freezes sandboxes for a moment, to look at what they have. A mark in the sandbox's folder says so, by which the next server thaws it. */
export class Freezer {
  readonly #parts: FreezerParts;
  /** Those that could not be thawed. */
  readonly #left = new Set<Sandbox>();

  constructor(parts: FreezerParts) {
    this.#parts = parts;
  }

  /** Works while nothing in the sandbox runs, and thaws it however that ends. One that does not run, or is paused, stays so. Its mutex is held. */
  async whileFrozen<T>(sandbox: Sandbox, work: () => Promise<T>): Promise<T> {
    const { engineId } = sandbox;
    if (sandbox.state !== 'running' || !engineId) return await work();
    await markFrozen(this.#parts.store.folderOf(sandbox.id));
    try {
      await this.#freeze(sandbox, engineId);
      return await work();
    } finally {
      await this.#thaw(sandbox, engineId);
    }
  }

  /** Thaws a sandbox that an earlier server has left frozen; its mutex is held. */
  async thawLeft(sandbox: Sandbox): Promise<void> {
    const folder = this.#parts.store.folderOf(sandbox.id);
    if (!(await isMarkedFrozen(folder))) return;
    if (sandbox.state === 'paused' && sandbox.pausedAtMs === null) await this.#parts.lifecycle.resume(sandbox);
    await clearFreezeMark(folder);
  }

  /** One pass over those that could not be thawed; throws, after all others, where one still cannot be. */
  async retry(): Promise<void> {
    const failures: unknown[] = [];
    for (const sandbox of this.#left) {
      const thawed = sandbox.mutex.run(() => this.thawLeft(sandbox));
      await thawed.then(
        () => this.#left.delete(sandbox),
        (error: unknown) => failures.push(error),
      );
    }
    if (failures.length > 0) throw failures[0];
  }

  async #freeze(sandbox: Sandbox, id: EngineId): Promise<void> {
    if (sandbox.link) sandbox.link.isFrozen = true;
    try {
      await this.#parts.engine.pause(id);
    } catch (error) {
      if (isSandboxError(error, 'not_found') || isSandboxError(error, 'conflict')) {
        await this.#parts.lifecycle.recover(sandbox, error);
      }
      throw error;
    }
  }

  async #thaw(sandbox: Sandbox, id: EngineId): Promise<void> {
    const { engine, onError } = this.#parts;
    try {
      if (sandbox.engineId === id && sandbox.state === 'running') await engine.resume(id);
      if (sandbox.link) sandbox.link.isFrozen = false;
      await clearFreezeMark(this.#parts.store.folderOf(sandbox.id));
    } catch (error) {
      onError(error);
      if (sandbox.state === 'running') sandbox.become('paused');
      this.#left.add(sandbox);
    }
  }
}
