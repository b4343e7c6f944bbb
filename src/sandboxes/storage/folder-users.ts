import type { EngineUser } from '../../engines/engine.ts';

/** What an image says of its users, as passwd(5) and group(5) have it; text in latin1, in which every byte stays what it is. */
export interface ImageAccounts {
  readonly passwd: string;
  readonly group: string;
  /** The shell that its users get who are not named there. */
  readonly shell: string;
  /** Whom its programs believe, certificates in PEM; null where it does not say. */
  readonly certificates: string | null;
}

/** The user of a sandbox's folder. */
export interface FolderUser {
  /** Inside, and to the engine. */
  readonly user: EngineUser;
  /** The same on this machine. */
  readonly owner: EngineUser;
  /** Files of the folder, for the engine to bind. */
  readonly passwd: string;
  readonly group: string;
}

/** What the data folder needs of the users of sandboxes. */
export interface FolderUsers {
  /** Finds out which folder of the data folder has which user; `instance` is its identity. */
  open(dataDir: string, instance: string): Promise<void>;
  /** The user of a folder that is there, new where it has none; with `accounts` its files are made for a container of that image. */
  prepare(name: string, accounts: ImageAccounts | null): Promise<FolderUser>;
  /** A folder has another name now. */
  moved(from: string, to: string): void;
  /** A folder is gone, and nothing of it runs any more: its user may become another's. */
  release(name: string): void;
}
