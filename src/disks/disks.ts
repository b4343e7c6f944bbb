import { access, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { SandboxError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { TITLES } from '../config/modes.ts';
import type { EngineUser } from '../engines/engine.ts';
import type { EngineVolumes } from '../engines/engine-volumes.ts';
import type { Disk, DiskFolders, DiskKind, DiskUsage, GrowingDisk, OpenOptions } from './base/disk.ts';
import { IMAGE_FILE } from './base/layout.ts';
import { ownNamespace } from './base/mount-namespace.ts';
import type { FileCopies } from './copies/file-copies.ts';
import { FolderCopies } from './copies/folder-copies.ts';
import { ImageCopies } from './copies/image-copies.ts';
import { NoCopies } from './copies/no-copies.ts';
import { VolumeCopies } from './copies/volume-copies.ts';
import { type BallastFiles, DiskReserve } from './disk-reserve.ts';
import { whyNoPrograms } from './folder-support.ts';
import { hasImage, KEEP_SIZE, LoopDisk } from './loop-disk.ts';
import { MeasuredDisk } from './measured-disk.ts';
import { whyNotMount } from './mount-support.ts';
import { ServiceDisk } from './service-disk.ts';
import { blocksOf, takenBeside } from './taken.ts';
import { hasVolume, VolumeDisk } from './volume-disk.ts';

interface DisksParts {
  readonly config: Config;
  /** Those of an engine that binds no folders of this machine. */
  readonly volumes: EngineVolumes | null;
  readonly logger: FastifyBaseLogger;
  readonly onError: (error: unknown) => void;
}

/** The disks of all sandboxes: what was begun as an image stays one, what was begun as a folder too; what is new follows the configuration. */
export class Disks {
  /** What no sandbox gets of the disk below. */
  readonly reserve: DiskReserve;
  readonly #parts: DisksParts;
  readonly #disks: { readonly image: GrowingDisk; readonly folder: Disk };
  readonly #volume: VolumeDisk | null;
  /** What copies the files of sandboxes, whose disks are of that kind. */
  readonly copies: Readonly<Record<DiskKind, FileCopies>>;
  readonly #whyNoImages: () => Promise<string | null>;
  #dataDir: string;
  #newKind: DiskKind = 'folder';

  constructor(parts: DisksParts) {
    this.#parts = parts;
    const { config, volumes, onError } = parts;
    this.#dataDir = config.dataDir;
    const sizeBytes = config.diskLimitBytes || KEEP_SIZE;
    const folder = new MeasuredDisk();
    this.#volume = volumes && new VolumeDisk(volumes, config.diskLimitBytes);
    if (config.diskService === null) {
      this.#disks = { image: new LoopDisk(ownNamespace, sizeBytes, onError), folder };
      this.#whyNoImages = () => whyNotMount(this.#dataDir);
    } else {
      const image = new ServiceDisk(config.diskService, sizeBytes);
      this.#disks = { image, folder };
      this.#whyNoImages = () => image.whyNotMount();
    }
    const { image: disk } = this.#disks;
    const folderOf = (name: string) => this.#folder(name);
    const bytesOf = (name: string) => this.imageBytes(name);
    const image = new ImageCopies({ disk, folderOf, bytesOf });
    const volume = volumes ? new VolumeCopies(volumes, folderOf) : new NoCopies(folderOf);
    this.copies = { image, folder: new FolderCopies(folderOf), volume };
    const { diskReserveBytes: reserveBytes } = config;
    this.reserve = new DiskReserve({ disk, reserveBytes, holdsFiles: volumes === null, logger: parts.logger, onError });
  }

  /** Finds out how the limit can be held here and says so in the log. Throws `unavailable` where `loop` is asked for and impossible, `invalid` where disks are plain folders in which no program can run. */
  async open(): Promise<void> {
    this.#dataDir = await realpath(this.#dataDir);
    this.#newKind = this.#volume ? 'volume' : await chooseKind(this.#whyNoImages, this.#parts);
    const noPrograms = this.#newKind === 'folder' ? await whyNoPrograms(this.#dataDir) : null;
    if (noPrograms !== null) throw new SandboxError('invalid', noPrograms);
  }

  /** Begins to watch the disk of the data folder, in which two files that stay what they are carry the ballasts. */
  async watchRoom(ballastFiles: BallastFiles): Promise<void> {
    await this.reserve.open(this.#dataDir, ballastFiles);
  }

  /** Opens the disk of a sandbox, by its folder's name, and gives it to its owner. */
  async openDisk(name: string, owner: EngineUser, options: OpenOptions = {}): Promise<DiskFolders> {
    await this.reserve.makeWay();
    const kind = await this.kind(name);
    const holder = TITLES[this.#parts.config.mode];
    const folders = await this.#diskOf(kind).open(this.#folder(name), owner, { ...options, holder });
    // Where there is little room, it has its share before anything runs on it.
    if (kind === 'image' && this.reserve.room.leastBytes < this.#parts.config.diskLimitBytes) await this.reserve.look();
    return folders;
  }

  /** Why nothing holds the size of what is new on this machine; null where something does. */
  get whyNoSizes(): string | null {
    if (this.#newKind === 'image') return null;
    if (this.#parts.config.diskLimitBytes === 0) return 'its disks have no limit (SANDBOX_DISK_LIMIT=0).';
    if (this.#newKind === 'volume') return null;
    return 'it has no disk images. The operator finds in its log why; docs/manager.md says what they need.';
  }

  /** True where new sandboxes have their files in volumes of the engine. */
  get usesVolumes(): boolean {
    return this.#volume !== null;
  }

  /** Closes it, whatever it is. */
  async closeDisk(name: string): Promise<void> {
    await this.reserve.makeWay().catch(this.#parts.onError);
    await this.#disks.image.close(this.#folder(name));
  }

  /** How full it is; null where only a measurement can tell. */
  async usage(name: string): Promise<DiskUsage | null> {
    return await this.#diskOf(await this.kind(name)).usage(this.#folder(name));
  }

  /** Removes what is not in the folder of a sandbox, which goes next; throws `unavailable` where that is another engine's. */
  async removeDisk(name: string): Promise<void> {
    const folder = this.#folder(name);
    if (await hasVolume(folder)) await this.#requireVolumes().remove(folder);
  }

  /** True where the size of the disk of this sandbox is held, and not only measured. */
  async holdsSizeOf(name: string): Promise<boolean> {
    return (await this.kind(name)) !== 'folder';
  }

  /** What the volume of a sandbox takes, in bytes, as its engine measures it; null where it has none. */
  async volumeBytes(name: string): Promise<number | null> {
    return (await this.#volume?.measure(this.#folder(name)))?.usedBytes ?? null;
  }

  /** True where the files of a sandbox are in an image. */
  async hasImage(name: string): Promise<boolean> {
    return await hasImage(this.#folder(name));
  }

  /** What the image of a sandbox takes of the disk below, in bytes, with what was written and has no place there yet; 0 where it has none. */
  async imageBytes(name: string): Promise<number> {
    const placedBytes = await blocksOf(join(this.#folder(name), IMAGE_FILE));
    if (placedBytes === 0) return 0;
    const usage = await this.#disks.image.usage(this.#folder(name));
    return Math.max(placedBytes, usage?.usedBytes ?? 0);
  }

  /** The same of all its images, those of checkpoints included. */
  async takenBytes(name: string): Promise<number> {
    return (await this.imageBytes(name)) + (await takenBeside(this.#folder(name)));
  }

  /** What the disk of this sandbox is, or will be. */
  async kind(name: string): Promise<DiskKind> {
    const folder = this.#folder(name);
    if (this.#volume) return await this.#kindBesideVolumes(folder);
    if (await hasImage(folder)) return 'image';
    if (await hasPlainFolders(folder)) return 'folder';
    return (await hasVolume(folder)) ? 'volume' : this.#newKind;
  }

  /** True where a sandbox has files already, in an image or in plain folders. */
  async hasFiles(name: string): Promise<boolean> {
    const folder = this.#folder(name);
    return (await hasImage(folder)) || (await hasPlainFolders(folder)) || (await hasVolume(folder));
  }

  /** The names of the folders whose disks are mounted. */
  async mounted(): Promise<string[]> {
    return await this.#disks.image.mounted(this.#dataDir);
  }

  /** A folder that an engine of this machine has made has its files there, where the other cannot bind them. */
  async #kindBesideVolumes(folder: string): Promise<DiskKind> {
    if (!(await hasVolume(folder)) && ((await hasImage(folder)) || (await hasPlainFolders(folder)))) {
      const sentence =
        'The files of the sandbox are on the machine of the server, and its engine binds none of there: only SANDBOX_MODE docker, or incus of this machine, runs it.';
      throw new SandboxError('unavailable', sentence);
    }
    return 'volume';
  }

  #diskOf(kind: DiskKind): Disk {
    return kind === 'volume' ? this.#requireVolumes() : this.#disks[kind];
  }

  #requireVolumes(): VolumeDisk {
    if (this.#volume) return this.#volume;
    const sentence =
      'The files of the sandbox are in a volume of another engine: only the SANDBOX_MODE and the INCUS_REMOTE that it was made with run or remove it.';
    throw new SandboxError('unavailable', sentence);
  }

  #folder(name: string): string {
    return join(this.#dataDir, name);
  }
}

async function chooseKind(
  whyNoImages: () => Promise<string | null>,
  { config, logger }: DisksParts,
): Promise<DiskKind> {
  if (config.diskLimitBytes === 0) return 'folder';
  const limit = `${Math.floor(config.diskLimitBytes / 2 ** 20)} MiB`;
  const measured = `Disk usage is measured, and over ${limit} uploads and installations are refused; code that runs can still write more`;
  if (config.diskMechanism === 'measure') {
    logger.info(`${measured}, as SANDBOX_DISK_MECHANISM says.`);
    return 'folder';
  }
  const reason = await whyNoImages();
  if (reason === null) {
    logger.info(`Each new sandbox gets a disk of ${limit} in an image file.`);
    return 'image';
  }
  if (config.diskMechanism === 'loop') {
    throw new SandboxError(
      'unavailable',
      `SANDBOX_DISK_MECHANISM=loop is impossible here: ${reason}. Set it to measure, or to auto, which takes what is possible.`,
    );
  }
  logger.warn(`${measured}, because a disk image for each sandbox is impossible here: ${reason}.`);
  return 'folder';
}

async function hasPlainFolders(folder: string): Promise<boolean> {
  return await access(join(folder, 'workspace')).then(
    () => true,
    () => false,
  );
}
