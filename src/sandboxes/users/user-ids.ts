import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readText, writeAtomically } from '../../base/atomic-file.ts';
import { hasCode, isSandboxError, SandboxError } from '../../base/errors.ts';
import type { UidRange } from '../../config/fields.ts';
import { readRecordText } from '../storage/record-file.ts';
import { readMachineIds } from './machine-ids.ts';
import { toText } from './uid-range.ts';

/** In a sandbox's folder: the id of its user. */
const ID_FILE = 'uid';

/** How many folders are read at the same time. */
const READ_AT_A_TIME = 64;

/** Who is nobody: what the kernel shows where it cannot show an id, and -1 in 16 bits. */
const NOBODY: readonly number[] = [65_534, 65_535];

/** No other folder looks like this. */
const SANDBOX_FOLDER = /-[0-9a-f]{20}$/;

/** All that a restore may have kept of an id. */
const recordSchema = z.object({ uid: z.int().nullish() });

const NONE: ReadonlySet<number> = new Set();

/** Finds out which ids the server with this identity gives. */
type FindRange = (instance: string) => Promise<UidRange>;

/** All ids of the range belong to somebody. */
export class UserIdsUsedUp extends SandboxError {
  constructor(range: UidRange) {
    const count = range.last - range.first + 1;
    super(
      'unavailable',
      `All ${count} user ids of SANDBOX_UID_RANGE (${toText(range)}) are taken, by sandboxes, also by those that were deleted and keep their files, or by users of the machine or the image; the operator must set a larger range.`,
    );
  }
}

/** Gives each sandbox's folder the id of a user that no other has. A file in the folder says which, so that it outlives the server. */
export class UserIds {
  #dataDir = '';
  readonly #findRange: FindRange;
  readonly #idOf = new Map<string, number>();
  readonly #folderOf = new Map<number, string>();
  /** The one that was given last. What was freed is given again last of all, as a program of it may still run. */
  #latest: number | undefined;
  #instance = '0';
  #found: UidRange | undefined;

  constructor(findRange: FindRange) {
    this.#findRange = findRange;
  }

  /** Reads which folder has which id; `instance` is the identity of the data folder. */
  async load(dataDir: string, instance: string): Promise<void> {
    this.#dataDir = dataDir;
    this.#instance = instance;
    const entries = await readdir(this.#dataDir, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    for (let at = 0; at < names.length; at += READ_AT_A_TIME) {
      const some = names.slice(at, at + READ_AT_A_TIME);
      const ids = await Promise.all(some.map((name) => this.#read(name)));
      for (const [index, uid] of ids.entries()) this.#note(some[index] ?? '', uid);
    }
    for (const uid of this.#folderOf.keys()) this.#latest = Math.max(this.#latest ?? uid, uid);
  }

  /** All ids that there are; throws `invalid` where they cannot be given here. */
  async range(): Promise<UidRange> {
    this.#found ??= await this.#findRange(this.#instance);
    return this.#found;
  }

  /** The id that this folder has and may keep; null where it must get another. */
  async current(name: string): Promise<number | null> {
    if (!this.#idOf.has(name)) this.#note(name, await this.#read(name));
    const uid = this.#idOf.get(name);
    if (uid === undefined) return null;
    const { first, last } = await this.#rangeNow();
    return uid >= first && uid <= last && !(await readMachineIds()).has(uid) ? uid : null;
  }

  /** The id of this folder, which is there: none of those that its image has. Throws UserIdsUsedUp. */
  async of(name: string, imageIds: ReadonlySet<number> = NONE): Promise<number> {
    const current = await this.current(name);
    if (current !== null && !imageIds.has(current)) return current;
    const uid = await this.#take(name, imageIds);
    try {
      await writeAtomically(join(this.#dataDir, name, ID_FILE), `${uid}\n`);
      return uid;
    } catch (error) {
      this.release(name);
      throw error;
    }
  }

  /** An id for something that has no folder, for as long as the work lasts. Throws UserIdsUsedUp. */
  async lend<T>(name: string, work: (uid: number) => Promise<T>): Promise<T> {
    const uid = await this.#take(name, NONE);
    try {
      return await work(uid);
    } finally {
      this.release(name);
    }
  }

  /** A folder has another name now. */
  moved(from: string, to: string): void {
    const uid = this.#idOf.get(from);
    if (uid === undefined) return;
    this.release(from);
    this.#set(to, uid);
  }

  /** A folder is gone, and nothing of it runs any more: its id is free. */
  release(name: string): void {
    const uid = this.#idOf.get(name);
    this.#idOf.delete(name);
    if (uid !== undefined) this.#folderOf.delete(uid);
  }

  async #take(name: string, imageIds: ReadonlySet<number>): Promise<number> {
    const range = await this.#rangeNow();
    const machineIds = await readMachineIds();
    const isFree = (uid: number) =>
      !this.#folderOf.has(uid) && !imageIds.has(uid) && !machineIds.has(uid) && !NOBODY.includes(uid);
    let uid = this.#nextFree(range, isFree);
    if (uid === undefined) {
      await this.#forgetRemoved();
      uid = this.#nextFree(range, isFree);
    }
    if (uid === undefined) throw new UserIdsUsedUp(range);
    this.release(name);
    this.#set(name, uid);
    this.#latest = uid;
    return uid;
  }

  /** What the start of the server would have refused is no fault of who asks for a sandbox. */
  async #rangeNow(): Promise<UidRange> {
    try {
      return await this.range();
    } catch (cause) {
      if (!isSandboxError(cause, 'invalid')) throw cause;
      throw new SandboxError('unavailable', cause.message, { cause });
    }
  }

  #nextFree({ first, last }: UidRange, isFree: (uid: number) => boolean): number | undefined {
    const count = last - first + 1;
    const isWithin = this.#latest !== undefined && this.#latest >= first && this.#latest <= last;
    // Another server may have the same range.
    const from = isWithin ? Number(this.#latest) + 1 : first + (Number.parseInt(this.#instance, 16) % count);
    for (let step = 0; step < count; step += 1) {
      const uid = first + ((from - first + step) % count);
      if (isFree(uid)) return uid;
    }
    return undefined;
  }

  /** Frees the ids of sandboxes whose folder somebody has removed by hand. */
  async #forgetRemoved(): Promise<void> {
    const names = [...this.#idOf.keys()].filter((name) => SANDBOX_FOLDER.test(name));
    for (const name of names) {
      await stat(join(this.#dataDir, name)).catch((error: unknown) => {
        if (hasCode(error, 'ENOENT')) this.release(name);
      });
    }
  }

  /** What a folder says of its id; a folder that has another's, as a copy does, has none. */
  #note(name: string, uid: number | null): void {
    if (uid !== null && !this.#folderOf.has(uid)) this.#set(name, uid);
  }

  #set(name: string, uid: number): void {
    this.#idOf.set(name, uid);
    this.#folderOf.set(uid, name);
  }

  async #read(name: string): Promise<number | null> {
    const folder = join(this.#dataDir, name);
    try {
      const text = await readText(join(folder, ID_FILE));
      if (text !== null && /^\d{1,10}\n$/.test(text)) return Number(text);
      const record = await readRecordText(folder);
      return record === null ? null : (recordSchema.parse(JSON.parse(record.text)).uid ?? null);
    } catch {
      // What cannot be read says nothing, and whoever needs it says why.
      return null;
    }
  }
}
