import type { Readable, Writable } from 'node:stream';
import { SandboxError } from '../base/errors.ts';

/** A folder of one of the engine's volumes. */
export interface VolumeFolder {
  readonly volume: string;
  readonly folder: string;
}

/** What a sandbox is to have at a path: what is at an absolute path on this machine, or a folder of a volume of the engine. */
export type MountSource = string | VolumeFolder;

/** What a new volume is to be. */
export interface WantedVolume {
  /** 0 for no limit. */
  readonly sizeBytes: number;
  /** Whose it is, inside. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** True for a sandbox that waits for whoever comes: each machine is to have its share of those. */
  readonly isSpare?: boolean;
}

/** How full a volume is. */
export interface VolumeUsage {
  readonly usedBytes: number;
  /** 0 where it has no limit. */
  readonly limitBytes: number;
}

/** What keeps the files of sandboxes where the engine binds no folders of this machine. The caller names volumes. */
export interface EngineVolumes {
  /** Makes an empty one where the engine has most room for a sandbox; throws `conflict` where it is there. */
  create(name: string, wanted: WantedVolume): Promise<void>;
  has(name: string): Promise<boolean>;
  /** Copies one to a new name, with its size, beside it and whole or not at all; nothing writes to it meanwhile. Throws `no_space`, or `unavailable` after so many milliseconds. */
  copy(from: string, to: string, deadlineMs: number): Promise<void>;
  /** Gives one that has a limit as much room as that, in bytes, where it has less; resolves with false where there is none of that name. */
  grow(name: string, sizeBytes: number): Promise<boolean>;
  /** Writes an archive of one, as it is at a moment, into a stream that it ends. Throws `unavailable` or `timeout` after so many milliseconds. */
  archive(name: string, to: Writable, deadlineMs: number): Promise<void>;
  /** Makes one of such an archive, where the engine likes; throws `conflict` where it is there. */
  bringBack(name: string, from: Readable, deadlineMs: number): Promise<void>;
  /** Succeeds where it is absent; throws `conflict` while a sandbox has it. */
  remove(name: string): Promise<void>;
  usage(name: string): Promise<VolumeUsage>;
  /** Which of these sandboxes that wait, by the engine's ids, is on the machine with the fewest that do not; undefined where there are none. */
  pick<Id extends string>(waiting: readonly Id[]): Id | undefined;
}

/** The path of a mount on this machine, for engines that have no volumes of their own; throws `invalid` for a volume. */
export function pathOfMount(source: MountSource): string {
  if (typeof source === 'string') return source;
  throw new SandboxError('invalid', `The engine of this server has no volumes, and ${source.volume} is one.`);
}
