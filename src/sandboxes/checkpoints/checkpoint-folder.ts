import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readText, writeAtomically } from '../../base/atomic-file.ts';
import { hasCode } from '../../base/errors.ts';
import { CHECKPOINTS_FOLDER } from '../../disks/base/layout.ts';
import { syncPath } from '../../disks/base/sync.ts';
import { takenByCheckpoint } from '../../disks/taken.ts';
import { type Checkpoint, type CheckpointRecord, isCheckpointId, parseCheckpoint } from './checkpoint.ts';

const RECORD_FILE = 'checkpoint.json';

/** What is being made, or removed, has such a name. */
const UNFINISHED = '.new';
const REMOVED = '.old';

/** What names the newest checkpoint in place of its id. */
const LATEST = 'latest';

/** The checkpoints in the folder of a sandbox. One appears and goes by a rename; what a crash leaves has another name. */
export class CheckpointFolder {
  readonly #folder: string;
  readonly #drop: (path: string) => Promise<void>;

  /** `folder` is that of the sandbox; `drop` removes what the copy at a path in there has elsewhere. */
  constructor(folder: string, drop: (path: string) => Promise<void>) {
    this.#folder = join(folder, CHECKPOINTS_FOLDER);
    this.#drop = drop;
  }

  /** All of them, newest first. */
  async list(): Promise<readonly Checkpoint[]> {
    const found: Checkpoint[] = [];
    for (const name of await this.#names()) {
      const checkpoint = isCheckpointId(name) ? await this.find(name) : null;
      if (checkpoint) found.push(checkpoint);
    }
    return found.sort((one, other) => other.createdAtMs - one.createdAtMs);
  }

  /** The checkpoint of that id, the newest one for `latest`; null where there is none. */
  async find(id: string): Promise<Checkpoint | null> {
    if (id === LATEST) return (await this.list())[0] ?? null;
    if (!isCheckpointId(id)) return null;
    const text = await readText(join(this.#folder, id, RECORD_FILE));
    if (text === null) return null;
    return await this.#sized(parseCheckpoint(text));
  }

  /** Begins one: its files go into the folder that this resolves with, by its path in the folder of the sandbox. */
  async begin(id: string): Promise<string> {
    await mkdir(this.#folder, { mode: 0o700 }).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error;
    });
    await mkdir(join(this.#folder, `${id}${UNFINISHED}`), { mode: 0o700 });
    return `${CHECKPOINTS_FOLDER}/${id}${UNFINISHED}`;
  }

  /** Where the files of a whole one are, in the folder of the sandbox. */
  pathOf(id: string): string {
    return `${CHECKPOINTS_FOLDER}/${id}`;
  }

  /** Makes one that was begun a checkpoint; its files are on disk already, and so is all when this resolves. */
  async finish(record: CheckpointRecord): Promise<Checkpoint> {
    const unfinished = join(this.#folder, `${record.id}${UNFINISHED}`);
    await writeAtomically(join(unfinished, RECORD_FILE), JSON.stringify(record));
    await syncPath(unfinished);
    await rename(unfinished, join(this.#folder, record.id));
    await syncPath(this.#folder);
    return await this.#sized(record);
  }

  /** Removes one for good. */
  async remove(id: string): Promise<void> {
    await rename(join(this.#folder, id), join(this.#folder, `${id}${REMOVED}`));
    await syncPath(this.#folder);
    await this.#erase(`${id}${REMOVED}`);
  }

  /** Gives up one that was begun. */
  async discard(id: string): Promise<void> {
    await this.#erase(`${id}${UNFINISHED}`);
  }

  /** Removes what a crash has left of any; none is being made. */
  async sweep(): Promise<void> {
    for (const name of await this.#names()) {
      if (!isCheckpointId(name)) await this.#erase(name);
    }
  }

  async #erase(name: string): Promise<void> {
    await this.#drop(`${CHECKPOINTS_FOLDER}/${name}`);
    await rm(join(this.#folder, name), { recursive: true, force: true });
  }

  async #sized(record: CheckpointRecord): Promise<Checkpoint> {
    return { ...record, sizeBytes: await takenByCheckpoint(join(this.#folder, record.id)) };
  }

  async #names(): Promise<string[]> {
    return await readdir(this.#folder).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    });
  }
}
