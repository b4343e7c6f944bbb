/** A folder that has a copy of a sandbox's files, or is to have it. */
export interface CopyPlace {
  /** The name of a folder in the data folder. */
  readonly name: string;
  /** The path from there; empty for that folder itself. */
  readonly path: string;
}

/** Copies what sandboxes have: each method for disks of one kind. Sandboxes are named by their folders; deadlines are in milliseconds. */
export interface FileCopies {
  /** What a copy of what a sandbox has now takes at the most, in bytes; throws `conflict` where it has what cannot be copied. */
  sizeNow(name: string): Promise<number>;
  /** Brings what it has written to the disk, while it runs on. */
  flush(name: string, deadlineMs: number): Promise<void>;
  /** Copies what it has, N bytes at the most; nothing runs in it meanwhile. Throws `no_space`, or `unavailable` after the deadline; then there is no copy. */
  copyNow(name: string, to: CopyPlace, sizeBytes: number, deadlineMs: number): Promise<void>;
  /** Makes a copy fit to be used, and brings it to the disk. */
  settle(place: CopyPlace): Promise<void>;
  /** Makes a copy the files of a folder that has none, where it may lie already; resolves with what they take where only a measurement can tell, else null. */
  seed(from: CopyPlace, name: string): Promise<number | null>;
  /** Makes the files of a copy beside those of a sandbox. */
  prepare(from: CopyPlace, name: string): Promise<void>;
  /** Exchanges them for the sandbox's own, which are kept beside; nothing may use those. */
  exchange(name: string): Promise<void>;
  /** Undoes it. */
  putBack(name: string): Promise<void>;
  /** Removes what was made beside its own and is in nobody's place. */
  dropPrepared(name: string): Promise<void>;
  /** The same, and what was its own before. */
  dropOthers(name: string): Promise<void>;
  /** Removes what a copy has elsewhere than in its folder, which goes next. */
  drop(place: CopyPlace): Promise<void>;
}
