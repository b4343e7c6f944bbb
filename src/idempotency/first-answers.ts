import { createHmac } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../async/clock.ts';
import type { SandboxId } from '../base/sandbox-address.ts';
import { type FirstAnswer, readAnswerFile, writeAnswerFile } from './answer-file.ts';
import { notKnown, notWritten, otherRequest, stillUnderWay } from './refusals.ts';

/** The folder of the data folder with the first answers. */
const ANSWERS_FOLDER = 'answers';

/** How long a first answer is given again, in milliseconds. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** Keys that one principal may have at a time. */
const KEYS_EACH = 1_000;

const HASH_CHARACTERS = 32;

/** A key, its sandbox and the time of its first request in milliseconds. */
const FILE_NAME = /^([0-9a-f]{32})\.([0-9a-f]{32}|none)\.(\d{1,15})$/;

/** A request that must not be carried out twice. */
export interface OnceRequest {
  /** The name of the key that asks. */
  readonly principal: string;
  /** What the client names the request by. */
  readonly key: string;
  /** The same for two requests if method, path, query and body are the same. */
  readonly fingerprint: string;
  /** The sandbox that it is about; null for none. */
  readonly sandboxId: SandboxId | null;
}

/** A request that is being carried out; exactly one of its ends has to be called. */
export interface OnceToken {
  /** Keeps the answer for those who ask again; resolves when it is on disk. */
  keep(answer: FirstAnswer): Promise<void>;
  /** Forgets the request, of which nothing was begun. */
  forget(): Promise<void>;
  /** Leaves the mark alone: whether the request was carried out is not known. */
  leave(): void;
}

interface Entry {
  readonly file: string;
  readonly sandbox: string;
  readonly atMs: number;
}

/**
 * The answers of requests that name themselves by a key, in files beside the sandboxes: names of keys, principals and users are in
 * them as an HMAC alone. A mark is on disk before a request is carried out, so that a crash cannot make it be carried out twice.
 */
export class FirstAnswers {
  readonly #folder: string;
  readonly #secret: Buffer;
  readonly #clock: Clock;
  readonly #keysEach: number;
  /** By principal, then by key, oldest first. */
  readonly #entries = new Map<string, Map<string, Entry>>();
  readonly #underWay = new Set<string>();

  private constructor(folder: string, secret: Buffer, clock: Clock, keysEach: number) {
    this.#keysEach = keysEach;
    this.#folder = folder;
    this.#secret = secret;
    this.#clock = clock;
  }

  /** Those of a data folder, without what is too old; a principal may have N keys at a time, of which the oldest goes first. */
  static async open(dataDir: string, secret: Buffer, clock: Clock, keysEach = KEYS_EACH): Promise<FirstAnswers> {
    const folder = join(dataDir, ANSWERS_FOLDER);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const answers = new FirstAnswers(folder, secret, clock, keysEach);
    for (const principal of await readdir(folder)) await answers.#load(principal);
    return answers;
  }

  /**
   * Marks a request as begun, or resolves with the answer that it got before. Throws `conflict` while it is under way, or where a
   * crash left only its mark; `invalid` where the key was used for another request.
   */
  async begin(request: OnceRequest): Promise<OnceToken | FirstAnswer> {
    const principal = this.#hash('principal', request.principal);
    const key = this.#hash('key', `${request.principal}\0${request.key}`);
    const fingerprint = this.#hash('request', request.fingerprint);
    const busy = `${principal}/${key}`;
    const entries = this.#entriesOf(principal);
    if (this.#underWay.has(busy)) throw stillUnderWay();
    this.#underWay.add(busy);
    try {
      const known = entries.get(key);
      const answer = known && !this.#isOld(known) ? await this.#recall(known, fingerprint) : null;
      if (answer !== null) {
        this.#underWay.delete(busy);
        return answer;
      }
      await this.#remove(entries, key);
      const entry = this.#toEntry(principal, key, request.sandboxId);
      await this.#make(principal, key, entry, fingerprint);
      return this.#toToken(principal, key, entry, fingerprint);
    } catch (error) {
      this.#underWay.delete(busy);
      throw error;
    }
  }

  /** Forgets all answers about a sandbox but those that are still to be given. */
  async forgetSandbox(id: SandboxId): Promise<void> {
    const named = this.#hash('sandbox', id);
    for (const [principal, entries] of this.#entries) {
      for (const [key, { sandbox }] of entries) {
        if (sandbox === named && !this.#underWay.has(`${principal}/${key}`)) await this.#remove(entries, key);
      }
    }
  }

  async #load(principal: string): Promise<void> {
    const found: [string, Entry][] = [];
    for (const name of await readdir(join(this.#folder, principal))) {
      const [, key = '', sandbox = '', at = '0'] = FILE_NAME.exec(name) ?? [];
      const entry = { file: join(this.#folder, principal, name), sandbox, atMs: Number(at) };
      if (key === '' || this.#isOld(entry)) await rm(entry.file, { force: true });
      else found.push([key, entry]);
    }
    found.sort(([, one], [, other]) => one.atMs - other.atMs);
    this.#entries.set(principal, new Map(found));
  }

  /** The answer that was kept; null where its file is gone. */
  async #recall({ file }: Entry, fingerprint: string): Promise<FirstAnswer | null> {
    const kept = await readAnswerFile(file);
    if (kept === null) return null;
    if (kept.fingerprint !== fingerprint) throw otherRequest();
    if (kept.answer === null) throw notKnown();
    return kept.answer;
  }

  async #make(principal: string, key: string, entry: Entry, fingerprint: string): Promise<void> {
    const entries = this.#entriesOf(principal);
    for (const [oldKey, old] of entries) {
      if (entries.size < this.#keysEach && !this.#isOld(old)) break;
      if (!this.#underWay.has(`${principal}/${oldKey}`)) await this.#remove(entries, oldKey);
    }
    entries.set(key, entry);
    try {
      await mkdir(join(this.#folder, principal), { recursive: true, mode: 0o700 });
      await writeAnswerFile(entry.file, { fingerprint, answer: null });
    } catch (cause) {
      entries.delete(key);
      throw notWritten(cause);
    }
  }

  #toToken(principal: string, key: string, entry: Entry, fingerprint: string): OnceToken {
    const entries = this.#entriesOf(principal);
    const leave = () => void this.#underWay.delete(`${principal}/${key}`);
    return {
      keep: async (answer) => {
        try {
          await writeAnswerFile(entry.file, { fingerprint, answer });
        } finally {
          leave();
        }
      },
      forget: async () => {
        try {
          await this.#remove(entries, key);
        } finally {
          leave();
        }
      },
      leave,
    };
  }

  async #remove(entries: Map<string, Entry>, key: string): Promise<void> {
    const entry = entries.get(key);
    entries.delete(key);
    if (entry) await rm(entry.file, { force: true });
  }

  #entriesOf(principal: string): Map<string, Entry> {
    const entries = this.#entries.get(principal) ?? new Map<string, Entry>();
    this.#entries.set(principal, entries);
    return entries;
  }

  #isOld({ atMs }: Entry): boolean {
    return Math.abs(this.#clock.wallMs() - atMs) >= KEPT_MS;
  }

  #toEntry(principal: string, key: string, id: SandboxId | null): Entry {
    const sandbox = id === null ? 'none' : this.#hash('sandbox', id);
    const atMs = this.#clock.wallMs();
    return { file: join(this.#folder, principal, `${key}.${sandbox}.${atMs}`), sandbox, atMs };
  }

  #hash(what: string, text: string): string {
    return createHmac('sha256', this.#secret).update(`${what}\0${text}`).digest('hex').slice(0, HASH_CHARACTERS);
  }
}
