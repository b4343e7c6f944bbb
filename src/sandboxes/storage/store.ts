import { randomBytes } from 'node:crypto';
import { access, constants, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../base/errors.ts';
import type { SandboxId } from '../../base/sandbox-address.ts';
import { ConfigError } from '../../config/config.ts';
import type { DiskFolders } from '../../disks/base/disk.ts';
import { removeFolder } from '../../disks/base/removal.ts';
import type { Disks } from '../../disks/disks.ts';
import { makeReadable, makeSandboxFolder, openDataFolder, requireFit } from './data-folder.ts';
import { FolderLock, type TakeFolder } from './folder-lock.ts';
import type { FolderUser, FolderUsers, ImageAccounts } from './folder-users.ts';
import { INSTANCE_FILE, type IsThere, openInstance, PLACE_FILE, requireInstance } from './instance.ts';
import type { SandboxRecord } from './record.ts';
import { readRecordFile, writeRecordFile } from './record-file.ts';
import { RecordWrites } from './record-writes.ts';
import { writeSharedFiles } from './shared-files.ts';
import { toStoreError } from './store-error.ts';

/** No sandbox id looks like this: those end in a hash of 20 digits. */
const POOL_FOLDER = /^pool-[0-9a-f]{16}$/;

/** What the engine binds of a sandbox's folder, and whose it is. */
export interface SandboxFolders extends DiskFolders, FolderUser {
  /** Where the agent calls the server; not the sandbox's to write. */
  readonly socket: string;
  /** Where the certificates are that its programs believe once it has secrets; not the sandbox's to write. */
  readonly certificates: string;
}

/** The data folder: a folder for each sandbox with its record and its disk. Touches nothing of what users write. */
export class SandboxStore {
  /** Hears of each record that is to be written. */
  onWritten: (record: SandboxRecord) => void = () => undefined;
  /** Hears of each record that is gone for good. */
  onPurged: (id: SandboxId) => void = () => undefined;
  #dataDir: string;
  #instance = '';
  #lock: Awaited<ReturnType<TakeFolder>> | null = null;
  readonly #disks: Disks;
  readonly #users: FolderUsers;
  readonly #onError: (error: unknown) => void;
  readonly #writes: RecordWrites;
  readonly #unremovable = new Set<string>();

  constructor(dataDir: string, disks: Disks, users: FolderUsers, onError: (error: unknown) => void) {
    this.#dataDir = dataDir;
    this.#disks = disks;
    this.#users = users;
    this.#onError = onError;
    this.#writes = new RecordWrites({
      put: async (record) => {
        await makeSandboxFolder(this.folderOf(record.id));
        return await writeRecordFile(this.folderOf(record.id), record);
      },
      writeLate: (record) => this.write(record),
      onError,
    });
  }

  /** The data folder as the engine's machine names it, without links; once it is open. */
  get path(): string {
    return this.#dataDir;
  }

  /** The folder of a sandbox, or of what nobody owns yet, whether it is there or not. */
  folderOf(name: string): string {
    return join(this.#dataDir, name);
  }

  /** Makes the data folder where it is absent, keeps it for this server and returns its identity, which tells this server's sandboxes from others'. */
  async open(isThere: IsThere, take: TakeFolder = FolderLock.take): Promise<string> {
    this.#dataDir = await openDataFolder(this.#dataDir);
    this.#lock = await take(this.#dataDir);
    try {
      await requireFit(this.#dataDir);
      await this.#disks.open();
      this.#instance = await openInstance(this.#dataDir, isThere);
      await this.#disks.watchRoom([INSTANCE_FILE, PLACE_FILE]);
      await this.#users.open(this.#dataDir, this.#instance);
      await writeSharedFiles(this.#dataDir);
      return this.#instance;
    } catch (cause) {
      await this.#lock.close();
      if (cause instanceof ConfigError) throw cause;
      throw toStoreError(cause, `The data folder ${this.#dataDir} of SANDBOX_DATA_DIR cannot be used`);
    }
  }

  /** Gives a pooled sandbox's folder to the sandbox that claims it, record first; nothing of that sandbox may be there yet. */
  async claimPoolFolder(name: string, record: SandboxRecord): Promise<void> {
    try {
      await writeRecordFile(this.folderOf(name), record);
      await rename(this.folderOf(name), this.folderOf(record.id));
      this.#users.moved(name, record.id);
      this.onWritten(record);
    } catch (cause) {
      throw toStoreError(cause, 'The folder of the sandbox cannot be claimed');
    }
  }

  /** True for the name of a folder that nobody owns yet. */
  isPoolFolder(name: string): boolean {
    return POOL_FOLDER.test(name);
  }

  /** Removes the folder of a sandbox that no longer runs, files and all, and frees the id of its user: of a pooled one, or by a purge. */
  async removeFolder(name: string): Promise<void> {
    await this.#disks.closeDisk(name);
    await this.#disks.removeDisk(name);
    await removeFolder(this.folderOf(name));
    this.#users.release(name);
  }

  /**
   * Removes a sandbox's folder with its files and its record; nothing runs in it. What a crash leaves of that is a folder that nobody
   * owns. Throws `unavailable`, and removes nothing, where another engine has the files, or theirs does not answer.
   */
  async purge(id: SandboxId): Promise<void> {
    await this.#writes.settle(id);
    await this.#disks.closeDisk(id);
    // What can fail comes first: once nobody owns the folder, nobody asks for this again.
    await this.#disks.removeDisk(id);
    const ownerless = `pool-${randomBytes(8).toString('hex')}`;
    try {
      await rename(this.folderOf(id), this.folderOf(ownerless));
    } catch (cause) {
      if (!hasCode(cause, 'ENOENT')) throw toStoreError(cause, 'The files of the sandbox cannot be removed');
    }
    this.#users.moved(id, ownerless);
    this.onPurged(id);
    // The sandbox is purged; what is left of the folder goes with those that a pool has left.
    await this.removeFolder(ownerless).catch(this.#onError);
  }

  /** Removes all folders of a pool but those that somebody still has. One that cannot be removed, as a former engine's, is reported once. */
  async removePoolFolders(isOwned: (name: string) => boolean = () => false): Promise<void> {
    for (const name of await readdir(this.#dataDir)) {
      if (!POOL_FOLDER.test(name) || isOwned(name)) continue;
      await this.removeFolder(name).catch((error: unknown) => {
        if (!this.#unremovable.has(name)) this.#onError(error);
        this.#unremovable.add(name);
      });
    }
  }

  /**
   * Makes the folders of a sandbox where they are absent, gives them to its user and opens its disk; resolves with what the engine is
   * to bind. `accounts` is of the image where a container is to be made, null where there is one.
   */
  async openFolders(name: string, accounts: ImageAccounts | null): Promise<SandboxFolders> {
    try {
      await requireInstance(this.#dataDir, this.#instance);
      await makeSandboxFolder(this.folderOf(name));
      const user = await this.#users.prepare(name, accounts);
      const [socket, certificates] = [this.socketFolder(name), this.certificateFolder(name)];
      await makeReadable(socket);
      await makeReadable(certificates);
      const folders = await this.#disks.openDisk(name, user.owner, { isSpare: this.isPoolFolder(name) });
      return { ...folders, ...user, socket, certificates };
    } catch (cause) {
      throw toStoreError(cause, 'The folders of the sandbox cannot be made');
    }
  }

  /** The folder in which the sandbox's agent calls the server. */
  socketFolder(name: string): string {
    return join(this.folderOf(name), 'line');
  }

  /** The folder of the certificates that the sandbox's programs believe once it has secrets. */
  certificateFolder(name: string): string {
    return join(this.folderOf(name), 'certificates');
  }

  /** Closes the disk of a sandbox in which nothing runs. What fails is reported, and tried again by the sweep. */
  async closeFolders(name: string): Promise<void> {
    await this.#disks.closeDisk(name).catch(this.#onError);
  }

  /** The record of a sandbox; null where there is none. */
  async read(id: SandboxId): Promise<SandboxRecord | null> {
    try {
      const record = await readRecordFile(this.folderOf(id));
      if (record === null) await requireInstance(this.#dataDir, this.#instance);
      return record;
    } catch (cause) {
      throw toStoreError(cause, `The record of sandbox ${id} cannot be read`);
    }
  }

  /** All records that can be read but those of sandboxes that are known already; what cannot be read is reported. */
  async *records(isKnown: (id: SandboxId) => boolean = () => false): AsyncGenerator<SandboxRecord> {
    for (const entry of await readdir(this.#dataDir, { withFileTypes: true })) {
      if (!entry.isDirectory() || POOL_FOLDER.test(entry.name) || isKnown(entry.name as SandboxId)) continue;
      try {
        const record = await this.read(entry.name as SandboxId);
        if (record) yield record;
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  /**
   * Writes the record so that a crash leaves the old or the new one; resolves when it is on disk, or where that is full, when
   * nothing of it can be lost but counters; `no_space` for all else.
   */
  async write(record: SandboxRecord): Promise<void> {
    this.onWritten(record);
    await this.#writes.write(record);
  }

  /** Writes the record within a fifth of a second, or within two seconds of the write before; changes in between are one write. */
  writeSoon(record: SandboxRecord): void {
    this.#writes.soon(record);
  }

  /** Writes what waits, and lets another server have the data folder. */
  async close(): Promise<void> {
    await this.#writes.close();
    await this.#lock?.close();
  }

  /** Throws `unavailable` where the data folder is gone or another one, or cannot be written. */
  async requireUsable(): Promise<void> {
    try {
      await requireInstance(this.#dataDir, this.#instance);
      await access(this.#dataDir, constants.W_OK | constants.X_OK);
    } catch (cause) {
      throw toStoreError(cause, `The data folder ${this.#dataDir} cannot be written`);
    }
  }
}
