import type { Config } from '../config.ts';
import type { Engine, EngineId } from '../engines/engine.ts';
import { isSandboxError } from '../errors.ts';
import type { SandboxRecord } from './record.ts';

/** The runtime whose sandboxes run on this machine's kernel. */
const SHARED_KERNEL_RUNTIME = 'runc';

interface MemoryOwner {
  readonly engineId: EngineId | null;
  readonly record: SandboxRecord | null;
}

/** The memory of the sandbox that one call works in. */
export class SandboxMemory {
  readonly limitBytes: number;
  /** True where the agent counts what is killed for want of memory; a kernel of the sandbox's own is in the limit and does not. */
  readonly isCountedInside: boolean;
  readonly #engine: Engine;
  readonly #engineId: EngineId | null;

  constructor(engine: Engine, config: Config, { engineId, record }: MemoryOwner) {
    this.limitBytes = record?.overrides.memoryBytes ?? config.memoryBytes;
    this.isCountedInside = config.runtime === SHARED_KERNEL_RUNTIME;
    this.#engine = engine;
    this.#engineId = engineId;
  }

  /** Asks the engine whether memory ran out within the last so many milliseconds; false where it does not say. */
  async ranOut(withinMs: number): Promise<boolean> {
    if (!this.#engineId) return false;
    try {
      return await this.#engine.ranOutOfMemory(this.#engineId, withinMs);
    } catch (error) {
      if (!isSandboxError(error)) throw error;
      return false;
    }
  }
}
