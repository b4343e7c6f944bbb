import type { EngineUser } from '../../engines/engine.ts';
import type { MountSource } from '../../engines/engine-volumes.ts';

/** The two folders of a sandbox that persist. */
export interface DiskFolders {
  readonly workspace: MountSource;
  readonly packages: MountSource;
}

/**
 * `image`: a file system of its own, whose size the kernel holds. `folder`: plain folders, which can only be measured. `volume`: one of the
 * engine, which holds its size.
 */
export type DiskKind = 'image' | 'folder' | 'volume';

/** How full a disk is. */
export interface DiskUsage {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** How much of the data folder's disk sandboxes can still have. */
export interface DiskRoom {
  /** What is free, whoever it is for. */
  readonly freeBytes: number;
  /** What of it sandboxes can have: less than nothing where more was promised than there is. */
  readonly roomBytes: number;
  /** What one of them can have until the next look, at least. */
  readonly leastBytes: number;
  /** The names of the folders whose disks are kept from growing to their own limit. */
  readonly held: readonly string[];
}

/** How a disk is opened that is not a sandbox's own. */
export interface OpenOptions {
  /** Its size; that of a sandbox's where absent. */
  readonly sizeBytes?: number;
  /** True where its owner's group may use its files too, whoever made them. */
  readonly isShared?: boolean;
  /** True where it is of a sandbox that waits for an owner. */
  readonly isSpare?: boolean;
  /** What runs its sandbox, in a word or two: an image that another still has is not opened. */
  readonly holder?: string;
}

/** What keeps the persistent folders of sandboxes. A sandbox is named by its own folder, which may be renamed while its disk is open. */
export interface Disk {
  /** Makes the folders where they are absent, gives them to their owner, and brings them to where an engine can bind them. */
  open(folder: string, owner: EngineUser, options?: OpenOptions): Promise<DiskFolders>;
  /** Takes away what `open` brought, once nothing runs on it; the files stay. */
  close(folder: string): Promise<void>;
  /** How full it is, without a look at any file of the user; null where only a measurement can tell. */
  usage(folder: string): Promise<DiskUsage | null>;
  /** The names of the folders in the data folder whose disks are open and would stay so. */
  mounted(dataDir: string): Promise<string[]>;
}

/** A file with a disk image. */
export interface ImageFile {
  /** The folder of a sandbox. */
  readonly folder: string;
  /** Its path from there. */
  readonly file: string;
}

/** Disks that promise more than the disk below them may have. */
export interface GrowingDisk extends Disk {
  /** Lets the open disks of a data folder grow so far that `keepBytes` of the disk below them stay free. */
  shareRoom(dataDir: string, keepBytes: number): Promise<DiskRoom>;
  /** Brings all that was written to the open disks to its place on the disk below them. */
  flush(dataDir: string): Promise<void>;
  /** Brings all that was written to the disk of a folder into its image, if it is open; throws `unavailable` where that cannot be in time. */
  flushDisk(folder: string, deadlineMs: number): Promise<void>;
  /** Copies an image to which nobody writes: by shared blocks where the file system has them, else what holds data. Throws `no_space`, or `unavailable` after the deadline; then there is no copy. */
  copyImage(from: ImageFile, to: ImageFile, deadlineMs: number): Promise<void>;
  /** Makes a copy fit to be mounted, as after a crash, and brings it to the disk below; throws `unavailable` where it is beyond repair. */
  settleImage(image: ImageFile): Promise<void>;
}
