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
