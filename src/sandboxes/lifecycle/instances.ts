import type { Config } from '../../config/config.ts';
import type { Engine, EngineId } from '../../engines/engine.ts';
import { isSandboxError, SandboxError } from '../../errors.ts';
import type { SandboxId } from '../owner.ts';
import { LABEL, specHash, toEngineName, toEngineSpec } from '../spec/engine-spec.ts';
import type { SandboxRecord } from '../storage/record.ts';
import type { SandboxStore } from '../storage/store.ts';

interface ContainersParts {
  readonly engine: Engine;
  readonly store: SandboxStore;
  readonly config: Config;
  readonly instance: string;
}

/** Makes the engine's part of a sandbox as its record and the configuration ask for it. */
export class Containers {
  readonly #parts: ContainersParts;

  constructor(parts: ContainersParts) {
    this.#parts = parts;
  }

  /** Starts the container under this sandbox's name if it fits and can start, else a new one in its place. */
  async start(id: SandboxId, record: SandboxRecord): Promise<EngineId> {
    const { engine } = this.#parts;
    const prepared = await this.#prepare(id, record);
    try {
      await engine.start(prepared);
      return prepared;
    } catch (error) {
      if (!isSandboxError(error, 'not_found') && !isSandboxError(error, 'conflict')) throw error;
    }
    // Somebody removes it at this moment.
    await engine.remove(prepared);
    const made = await this.create(id, record);
    await engine.start(made);
    return made;
  }

  async #prepare(id: SandboxId, record: SandboxRecord): Promise<EngineId> {
    const { engine, instance, config } = this.#parts;
    const found = await engine.inspect(toEngineName(instance, id));
    if (found) {
      if (found.state === 'paused') await engine.resume(found.id);
      const isStartable = found.state === 'running' || found.state === 'paused' || !(LABEL.pooled in found.labels);
      if (isStartable && found.labels[LABEL.spec] === specHash(config, record.overrides)) return found.id;
      await engine.remove(found.id);
    }
    return await this.create(id, record);
  }

  /** A new container, not started. */
  async create(id: SandboxId, record: SandboxRecord): Promise<EngineId> {
    const { engine, store, config, instance } = this.#parts;
    const { overrides } = record;
    const folders = await store.openFolders(id);
    try {
      return await engine.create(toEngineSpec(config, { instance, id, folders, overrides }));
    } catch (error) {
      // What the owner did not ask for is the operator's to mend.
      if (!isSandboxError(error, 'invalid') || overrides.image !== undefined) throw error;
      throw new SandboxError('unavailable', `No sandbox can be made: ${error.message}`, { cause: error });
    }
  }
}
