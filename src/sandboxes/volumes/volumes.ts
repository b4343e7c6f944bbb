import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { Clock } from '../../async/clock.ts';
import { countsFor } from '../../auth/client-limits.ts';
import type { Principal } from '../../auth/principal.ts';
import { SandboxError } from '../../base/errors.ts';
import type { SandboxId } from '../../base/sandbox-address.ts';
import type { Config } from '../../config/config.ts';
import type { Disks } from '../../disks/disks.ts';
import type { Catalog } from '../registry/catalog.ts';
import type { Registry } from '../registry/registry.ts';
import type { SandboxStore } from '../storage/store.ts';
import { folderOfVolume, readVolumes, type Volume, writeVolume } from './volume-file.ts';

export type { Volume };

/** Of a volume of which nobody says its size, in bytes. */
const USUAL_BYTES = 512 * 2 ** 20;

/** The smallest volume, in bytes. */
const MIN_VOLUME_BYTES = 16 * 2 ** 20;

/** Volumes that several sandboxes may have, of one principal. */
const MAX_SHARED = 32;

interface VolumesParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly store: Pick<SandboxStore, 'path' | 'folderOf' | 'read' | 'removeFolder'>;
  readonly disks: Disks;
  readonly catalog: Pick<Catalog, 'find' | 'all'>;
  readonly registry: Pick<Registry, 'all'>;
  readonly keyDisk: {
    requireRoom(keyName: string): Promise<void>;
    whileTaking<T>(keyName: string, bytes: number, work: () => Promise<T>): Promise<T>;
  };
  readonly onError: (error: unknown) => void;
}

const NOT_SHARED =
  'This server has no volumes that several sandboxes share: the files of its sandboxes are in volumes of its engine, each on the machine of its sandbox.';

/** How large a volume is to be, and whether several sandboxes may have it. */
export interface WantedSize {
  readonly sizeBytes: number;
  readonly isShared: boolean;
}

/** What a volume is to be. */
export interface WantedVolume {
  readonly name: string;
  readonly sizeBytes: number;
  readonly mountPath: string;
  readonly sandboxId: SandboxId | null;
}

/** Volumes: those of one sandbox, which go with it, and those that several of a principal's may have. */
export class Volumes {
  readonly #parts: VolumesParts;
  readonly #volumes = new Map<string, Volume>();

  constructor(parts: VolumesParts) {
    this.#parts = parts;
  }

  /** Reads which there are, and removes those whose sandbox is gone. */
  async open(): Promise<void> {
    const { store, onError } = this.#parts;
    for (const volume of await readVolumes(store.path)) {
      this.#volumes.set(volume.id, volume);
      if (volume.sandboxId !== null && (await this.#isGone(volume.sandboxId))) {
        await this.#remove(volume).catch(onError);
      }
    }
  }

  /** The size of a volume of which nobody says how large it is to be, in bytes. */
  get usualBytes(): number {
    return Math.min(USUAL_BYTES, this.#parts.config.diskLimitBytes || USUAL_BYTES);
  }

  /** The volume of that id; undefined where there is none. */
  get(id: string): Volume | undefined {
    return this.#volumes.get(id);
  }

  /** The volumes of a principal that several sandboxes may have, oldest first. */
  shared({ name }: Principal): readonly Volume[] {
    return [...this.#volumes.values()]
      .filter((volume) => volume.sandboxId === null && volume.createdBy === name)
      .sort((one, other) => one.createdAtMs - other.createdAtMs);
  }

  /** What all volumes that a principal has made take, in bytes; those of an engine count with their whole size, which no engine is asked for. */
  async takenBytes(name: string): Promise<number> {
    const { disks } = this.#parts;
    let bytes = 0;
    for (const { id, createdBy, sizeBytes } of this.#volumes.values()) {
      if (!countsFor(createdBy, name)) continue;
      bytes += disks.usesVolumes ? sizeBytes : await disks.takenBytes(folderOfVolume(id));
    }
    return bytes;
  }

  /** One of them by its id or name; throws `not_found`. */
  requireShared(principal: Principal, idOrName: string): Volume {
    const found = this.shared(principal).find(({ id, name }) => id === idOrName || name === idOrName);
    if (found) return found;
    throw new SandboxError('not_found', `There is no network volume ${idOrName}; make it first.`);
  }

  /** Throws `unsupported` where nothing holds the size of volumes here, or none can be shared, `invalid` for a size that there cannot be. */
  async requirePossible(wanted: readonly WantedSize[]): Promise<void> {
    const { config, disks } = this.#parts;
    if (wanted.length === 0) return;
    const { whyNoSizes } = disks;
    if (whyNoSizes !== null) {
      throw new SandboxError('unsupported', `This server cannot hold the size of volumes: ${whyNoSizes}`);
    }
    if (disks.usesVolumes && wanted.some(({ isShared }) => isShared)) throw new SandboxError('unsupported', NOT_SHARED);
    const most = config.diskLimitBytes;
    for (const { sizeBytes } of wanted) {
      if (sizeBytes >= MIN_VOLUME_BYTES && sizeBytes <= most) continue;
      const sentence = `volumes must have a size of 16m to ${Math.floor(most / 2 ** 20)}m on this server.`;
      throw new SandboxError('invalid', sentence, { field: 'volumes' });
    }
    await disks.reserve.requireForNew();
  }

  /**
   * Makes a volume; throws `conflict` for a name that the principal has given to another that several may have, and `no_space` where the
   * key may not have it.
   */
  async create({ name: createdBy }: Principal, wanted: WantedVolume): Promise<Volume> {
    const { disks, keyDisk } = this.#parts;
    await this.requirePossible([{ sizeBytes: wanted.sizeBytes, isShared: wanted.sandboxId === null }]);
    const make = async () => await this.#make(createdBy, wanted);
    if (disks.usesVolumes) return await keyDisk.whileTaking(createdBy, wanted.sizeBytes, make);
    await keyDisk.requireRoom(createdBy);
    return await make();
  }

  async #make(createdBy: string, wanted: WantedVolume): Promise<Volume> {
    const { clock, store } = this.#parts;
    if (wanted.sandboxId === null) this.#requireFreeName(createdBy, wanted.name);
    const id = randomBytes(10).toString('hex');
    const volume: Volume = { version: 1, id, createdBy, createdAtMs: clock.wallMs(), ...wanted };
    this.#volumes.set(id, volume);
    try {
      await mkdir(store.folderOf(folderOfVolume(id)), { mode: 0o711 });
      await writeVolume(store.path, volume);
      return volume;
    } catch (error) {
      await this.#remove(volume);
      throw error;
    }
  }

  /** Removes one that several may have; throws `conflict` while a sandbox has it, running or not. */
  async removeShared(principal: Principal, idOrName: string): Promise<void> {
    const volume = this.requireShared(principal, idOrName);
    const { catalog, registry } = this.#parts;
    for (const { deletedAtMs, volumes, name, address } of await catalog.all()) {
      if (deletedAtMs === null && volumes.includes(volume.id)) throw mountedIn(name ?? address.id);
    }
    // What starts for the first time is in no record on disk yet.
    for (const { isExisting, asked, address } of registry.all()) {
      if (isExisting && asked.volumes?.some(({ id }) => id === volume.id)) throw mountedIn(address.id);
    }
    await this.#remove(volume);
  }

  /** Removes those of a sandbox that is gone, or was never made. */
  async removeOf(sandboxId: SandboxId): Promise<void> {
    for (const volume of this.#volumes.values()) if (volume.sandboxId === sandboxId) await this.#remove(volume);
  }

  #requireFreeName(createdBy: string, name: string): void {
    const others = [...this.#volumes.values()].filter((one) => one.sandboxId === null && one.createdBy === createdBy);
    if (others.some((one) => one.name === name)) {
      throw new SandboxError('conflict', `There is a network volume with the name ${name}.`);
    }
    if (others.length < MAX_SHARED) return;
    throw new SandboxError('conflict', `A key has ${MAX_SHARED} network volumes at the most; delete one first.`);
  }

  /** A sandbox whose record cannot be read is there, and so are its volumes. */
  async #isGone(sandboxId: string): Promise<boolean> {
    const { catalog, store } = this.#parts;
    if ((await catalog.find(sandboxId)) !== undefined) return false;
    return await store.read(sandboxId as SandboxId).then(
      (record) => record === null,
      () => false,
    );
  }

  async #remove(volume: Volume): Promise<void> {
    const { id } = volume;
    // First, so that no sandbox that starts meanwhile opens it.
    this.#volumes.delete(id);
    try {
      await this.#parts.store.removeFolder(folderOfVolume(id));
    } catch (error) {
      this.#volumes.set(id, volume);
      throw error;
    }
  }
}

function mountedIn(sandbox: string): SandboxError {
  return new SandboxError('conflict', `The volume is mounted in the sandbox ${sandbox}; unmount it first.`);
}
