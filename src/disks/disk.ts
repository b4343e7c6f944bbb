import type { DiskOwner } from './user-folder.ts';

/** The two folders of a sandbox that persist, by their paths on this machine. */
export interface DiskFolders {
  readonly workspace: string;
  readonly packages: string;
}

/** `image`: a file system of its own, whose size the kernel holds. `folder`: plain folders, which can only be measured. */
export type DiskKind = 'image' | 'folder';

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
  /** The names of the folders whose disks are kept from growing to their own limit. */
  readonly held: readonly string[];
}

/** What keeps the persistent folders of sandboxes. A sandbox is named by its own folder, which may be renamed while its disk is open. */
export interface Disk {
  /** Makes the folders where they are absent, gives them to their owner, and brings them to where an engine can bind them. */
  open(folder: string, owner: DiskOwner): Promise<DiskFolders>;
  /** Takes away what `open` brought, once nothing runs on it; the files stay. */
  close(folder: string): Promise<void>;
  /** How full it is, without a look at any file of the user; null where only a measurement can tell. */
  usage(folder: string): Promise<DiskUsage | null>;
  /** The names of the folders in the data folder whose disks are open and would stay so. */
  mounted(dataDir: string): Promise<string[]>;
}

/** Disks that promise more than the disk below them may have. */
export interface GrowingDisk extends Disk {
  /** Lets the open disks of a data folder grow so far that `keepBytes` of the disk below them stay free. */
  shareRoom(dataDir: string, keepBytes: number): Promise<DiskRoom>;
  /** Brings all that was written to the open disks to its place on the disk below them. */
  flush(dataDir: string): Promise<void>;
}
