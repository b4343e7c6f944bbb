import type { Config } from '../../config/config.ts';
import type { Engine, EngineId, EngineSandbox } from '../../engines/engine.ts';
import { isSandboxError, SandboxError } from '../../errors.ts';
import type { SandboxId } from '../owner.ts';
import { imageOf, isInFolder, LABEL, specHash, toEngineName, toEngineSpec } from '../spec/engine-spec.ts';
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
      if (
        !isSandboxError(error, 'not_found') &&
        !isSandboxError(error, 'conflict') &&
        !isSandboxError(error, 'invalid')
      )
        throw error;
    }
    // Somebody removes it at this moment, or what it was made of is no longer there.
    await engine.remove(prepared);
    const made = await this.create(id, record);
    await explained(record, () => engine.start(made));
    return made;
  }

  async #prepare(id: SandboxId, record: SandboxRecord): Promise<EngineId> {
    const { engine, instance } = this.#parts;
    const found = await engine.inspect(toEngineName(instance, id));
    if (found) {
      if (found.state === 'paused') await engine.resume(found.id);
      if (await this.#fits(found, record)) return found.id;
      await engine.remove(found.id);
    }
    return await this.create(id, record);
  }

  /** Whether a container is still what its sandbox needs: startable, of the same spec, in this data folder, and of the image that has the name now. */
  async #fits({ state, labels }: EngineSandbox, { overrides }: SandboxRecord): Promise<boolean> {
    const { engine, store, config } = this.#parts;
    const isStartable = state === 'running' || state === 'paused' || !(LABEL.pooled in labels);
    if (!isStartable || labels[LABEL.spec] !== specHash(config, overrides)) return false;
    if (!isInFolder({ labels }, store.path)) return false;
    // An image that is gone makes no other container, and is in this one all the same.
    const imageId = await engine.imageId(imageOf(config, overrides));
    return imageId === null || labels[LABEL.image] === imageId;
  }

  /** A new container, not started. */
  async create(id: SandboxId, record: SandboxRecord): Promise<EngineId> {
    const { engine, store, config, instance } = this.#parts;
    const { overrides } = record;
    const folders = await store.openFolders(id);
    const imageId = await engine.imageId(imageOf(config, overrides));
    const spec = toEngineSpec(config, { instance, id, dataDir: store.path, folders, overrides, imageId });
    return await explained(record, () => engine.create(spec));
  }
}

/** What the owner did not ask for is the operator's to mend. */
async function explained<T>({ overrides }: SandboxRecord, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isSandboxError(error, 'invalid') || overrides.image !== undefined) throw error;
    throw new SandboxError('unavailable', `No sandbox can be made: ${error.message}`, { cause: error });
  }
}
