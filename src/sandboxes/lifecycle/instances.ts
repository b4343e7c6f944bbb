import { isSandboxError, SandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { Engine, EngineId, EngineSandbox } from '../../engines/engine.ts';
import type { Pool } from '../placement/pool.ts';
import { isInFolder, isOnVolume, LABEL, toEngineName, toEngineSpec } from '../spec/engine-spec.ts';
import { resolveSpec, specHash } from '../spec/sandbox-spec.ts';
import type { SandboxRecord } from '../storage/record.ts';
import type { SandboxFolders, SandboxStore } from '../storage/store.ts';
import type { SandboxUsers } from '../users/sandbox-users.ts';
import { UserIdsUsedUp } from '../users/user-ids.ts';
import type { Attached, Attachments } from '../volumes/attachments.ts';

interface InstancesParts {
  readonly engine: Engine;
  readonly store: SandboxStore;
  readonly users: SandboxUsers;
  readonly config: Config;
  readonly instance: string;
  readonly pool: Pool;
  readonly attachments: Attachments;
}

/** What a sandbox is started from. */
interface Prepared {
  readonly folders: SandboxFolders;
  /** Its container that is there and fits; null where a new one is to be made. */
  readonly fitting: EngineId | null;
  /** What its image is; null where there is none, or where nothing is made of it. */
  readonly imageId: string | null;
  /** What is bound of its volumes. */
  readonly attached: Attached;
}

/** Makes the engine's part of a sandbox as its record and the configuration ask for it. */
export class Instances {
  readonly #parts: InstancesParts;

  constructor(parts: InstancesParts) {
    this.#parts = parts;
  }

  /**
   * Opens the folders of a sandbox for the container under its name, if that fits and can start, else for a new one; one that does not
   * fit is removed before, so that nothing runs on files that change hands.
   */
  async prepare(record: SandboxRecord): Promise<Prepared> {
    const { engine, store, instance } = this.#parts;
    const found = await engine.inspect(toEngineName(instance, record.id));
    if (found) {
      if (found.state === 'paused') await engine.resume(found.id);
      if (await this.#fits(found, record)) {
        const folders = await store.openFolders(record.id, null);
        if (isOnVolume(found, folders)) {
          return { folders, fitting: found.id, imageId: null, attached: await this.#attach(record, folders) };
        }
      }
      await engine.remove(found.id);
    }
    return await this.#prepareNew(record);
  }

  /** Starts what was prepared, or a new container in its place. */
  async start(record: SandboxRecord, prepared: Prepared): Promise<EngineId> {
    const { engine } = this.#parts;
    const first = prepared.fitting ?? (await this.#make(record, prepared));
    try {
      await engine.start(first);
      return first;
    } catch (error) {
      if (
        !isSandboxError(error, 'not_found') &&
        !isSandboxError(error, 'conflict') &&
        !isSandboxError(error, 'invalid')
      )
        throw error;
    }
    // Somebody removes it at this moment, or what it was made of is no longer there.
    await engine.remove(first);
    const made = await this.create(record);
    await explained(record, () => engine.start(made));
    return made;
  }

  /** A new container, not started. */
  async create(record: SandboxRecord): Promise<EngineId> {
    return await this.#make(record, await this.#prepareNew(record));
  }

  /** Whether a container is still what its sandbox needs: startable, of the same spec and user, in this data folder, and of the image that has the name now. */
  async #fits(found: EngineSandbox, { id, asked }: SandboxRecord): Promise<boolean> {
    const { engine, store, users, config } = this.#parts;
    const { state, labels } = found;
    const spec = resolveSpec(config, asked);
    const isStartable = state === 'running' || state === 'paused' || !(LABEL.pooled in labels);
    if (!isStartable || labels[LABEL.spec] !== specHash(spec)) return false;
    if (!isInFolder(found, store.path)) return false;
    if (labels[LABEL.user] !== String(await users.preparedFor(id))) return false;
    // An image that is gone makes no other container, and is in this one all the same.
    const imageId = await engine.imageId(spec.image);
    return imageId === null || labels[LABEL.image] === imageId;
  }

  async #prepareNew(record: SandboxRecord): Promise<Prepared> {
    const { engine, store, users, config, pool } = this.#parts;
    const { image } = resolveSpec(config, record.asked);
    const imageId = await engine.imageId(image);
    const accounts = await explained(record, () => users.accountsOf(image, imageId));
    const open = async () => await store.openFolders(record.id, accounts);
    const folders = await open().catch(async (error: unknown) => {
      if (!(error instanceof UserIdsUsedUp) || !(await pool.evictOne())) throw error;
      return await open();
    });
    return { folders, fitting: null, imageId, attached: await this.#attach(record, folders) };
  }

  async #attach({ asked }: SandboxRecord, folders: SandboxFolders): Promise<Attached> {
    const { attachments, config } = this.#parts;
    return await attachments.open(resolveSpec(config, asked), folders);
  }

  async #make(record: SandboxRecord, { folders, imageId, attached }: Prepared): Promise<EngineId> {
    const { engine, store, config, instance } = this.#parts;
    const { id } = record;
    const spec = resolveSpec(config, record.asked);
    const engineSpec = toEngineSpec(config, { instance, id, dataDir: store.path, folders, spec, imageId, attached });
    return await explained(record, () => engine.create(engineSpec));
  }
}

/** A spec that nobody asked for is the operator's to mend. */
async function explained<T>({ asked }: SandboxRecord, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isSandboxError(error, 'invalid') || asked.image !== undefined) throw error;
    throw new SandboxError('unavailable', `No sandbox can be made: ${error.message}`, { cause: error });
  }
}
