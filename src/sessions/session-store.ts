import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyedMutex } from '../async/keyed-mutex.ts';
import { readText, writeAtomically } from '../base/atomic-file.ts';
import { type Session, sessionSchema } from './session.ts';

/** The folder of the data folder with the sessions. */
const SESSIONS_FOLDER = 'sessions';

/** All sessions, in memory and in a file each. */
export class SessionStore {
  readonly #folder: string;
  readonly #sessions = new Map<string, Session>();
  /** The session that holds a sandbox, by the sandbox's id. */
  readonly #holders = new Map<string, string>();
  readonly #writes = new KeyedMutex<string>();
  /** Changed in memory alone. */
  readonly #dirty = new Set<string>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Those of a data folder; a file that holds none is told and left alone. */
  static async open(dataDir: string, onError: (error: unknown) => void): Promise<SessionStore> {
    const store = new SessionStore(join(dataDir, SESSIONS_FOLDER));
    await mkdir(store.#folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(store.#folder)) {
      if (name.endsWith('.json')) await store.#load(name).catch(onError);
      else await rm(join(store.#folder, name), { force: true });
    }
    return store;
  }

  get size(): number {
    return this.#sessions.size;
  }

  all(): Iterable<Session> {
    return this.#sessions.values();
  }

  get(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** The session that holds a sandbox; undefined where none does. */
  holderOf(sandboxId: string): Session | undefined {
    const id = this.#holders.get(sandboxId);
    return id === undefined ? undefined : this.#sessions.get(id);
  }

  /** Resolves when it is on disk. */
  async write(session: Session): Promise<void> {
    const before = this.#sessions.get(session.id);
    this.#set(session.id, session);
    try {
      await this.#flush(session.id);
    } catch (error) {
      if (this.#sessions.get(session.id) === session) {
        this.#set(session.id, before);
      }
      throw error;
    }
  }

  /** Keeps a change that a crash may undo, until the next flush. */
  writeSoon(session: Session): void {
    this.#set(session.id, session);
    this.#dirty.add(session.id);
  }

  async remove(id: string): Promise<void> {
    this.#set(id, undefined);
    this.#dirty.delete(id);
    await this.#writes.run(id, () => rm(this.#fileOf(id), { force: true }));
  }

  /** Writes what is in memory alone. */
  async flush(): Promise<void> {
    for (const id of [...this.#dirty]) await this.#flush(id);
  }

  async #flush(id: string): Promise<void> {
    await this.#writes.run(id, async () => {
      const session = this.#sessions.get(id);
      // Before the write, which a change that comes meanwhile is not part of.
      const wasDirty = this.#dirty.delete(id);
      try {
        if (session) await writeAtomically(this.#fileOf(id), JSON.stringify(session));
      } catch (error) {
        if (wasDirty) this.#dirty.add(id);
        throw error;
      }
    });
  }

  async #load(name: string): Promise<void> {
    const text = await readText(join(this.#folder, name));
    if (text === null) return;
    const session = sessionSchema.parse(JSON.parse(text));
    this.#set(session.id, session);
  }

  #set(id: string, session: Session | undefined): void {
    const held = this.#sessions.get(id)?.sandboxId;
    if (held && this.#holders.get(held) === id) this.#holders.delete(held);
    if (!session) this.#sessions.delete(id);
    else {
      this.#sessions.set(id, session);
      if (session.sandboxId) this.#holders.set(session.sandboxId, id);
    }
  }

  #fileOf(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}
