import { posix } from 'node:path';
import unzipper from 'unzipper';

const WORKSPACE = '/workspace';
const HOME = '/home/user';

/** An answer of the agent that is an error. */
export class FakeFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface Entry {
  readonly bytes: Buffer | null;
  readonly inode: number;
  readonly mtimeNs: string;
}

/** A file tree in memory; entries without bytes are folders. */
export class FakeFiles {
  readonly #entries = new Map<string, Entry>();
  #nextInode = 1;

  constructor() {
    for (const path of ['/', WORKSPACE, '/tmp']) this.#put(path, null);
  }

  /** Another tree with the same in it. */
  clone(): FakeFiles {
    const copy = new FakeFiles();
    for (const [path, entry] of this.#entries) copy.#entries.set(path, entry);
    copy.#nextInode = this.#nextInode;
    return copy;
  }

  /** The absolute path; relative ones start in the workspace, which the home folder is another name of. */
  resolve(path: unknown): string {
    if (typeof path !== 'string' || path.includes('\0')) throw new FakeFailure('invalid', 'The path is invalid.');
    const absolute = posix.resolve(WORKSPACE, path);
    return absolute === HOME || absolute.startsWith(`${HOME}/`) ? WORKSPACE + absolute.slice(HOME.length) : absolute;
  }

  stat(path: string) {
    const { bytes, inode, mtimeNs } = this.#demand(path);
    const type = bytes === null ? 'directory' : 'file';
    return { type, size: bytes?.length ?? 0, mtimeNs, mode: bytes === null ? 0o755 : 0o644, inode: String(inode) };
  }

  entry(path: string) {
    const { inode, ...stat } = this.stat(path);
    return { path, ...stat, uid: 1000, gid: 1000, owner: 'user', target: null };
  }

  /** What a condition of a write may name to mean the file as it is. */
  states(path: string): string[] {
    if (!this.#entries.has(path)) return ['absent'];
    const { size, mtimeNs, inode } = this.stat(path);
    return ['present', `${size}-${mtimeNs}-${inode}`];
  }

  list(path: string) {
    if (this.#demand(path).bytes !== null) throw new FakeFailure('not_directory', 'It is no folder.');
    return this.#below(path)
      .filter((child) => posix.dirname(child) === path)
      .sort()
      .map((child) => this.entry(child));
  }

  /** The bytes of a file. */
  read(path: string): Buffer {
    const { bytes } = this.#demand(path);
    if (bytes === null) throw new FakeFailure('is_directory', 'It is a folder.');
    return bytes;
  }

  /** Writes a whole file and the folders above it; true where it is new. */
  write(path: string, bytes: Uint8Array): boolean {
    const before = this.#entries.get(path);
    if (before?.bytes === null) throw new FakeFailure('is_directory', 'It is a folder.');
    this.mkdir(posix.dirname(path));
    this.#put(path, Buffer.from(bytes));
    return before === undefined;
  }

  mkdir(path: string): boolean {
    const entry = this.#entries.get(path);
    if (entry) {
      if (entry.bytes !== null) throw new FakeFailure('not_directory', 'A file is in the way.');
      return false;
    }
    this.mkdir(posix.dirname(path));
    this.#put(path, null);
    return true;
  }

  remove(path: string, isRecursive: boolean): boolean {
    const entry = this.#entries.get(path);
    if (!entry) return false;
    if (entry.bytes === null && !isRecursive) throw new FakeFailure('is_directory', 'It is a folder.');
    for (const child of [path, ...this.#below(path)]) this.#entries.delete(child);
    return true;
  }

  move(from: string, to: string, overwrite: boolean): void {
    this.#demand(from);
    if (this.#entries.has(to) && !overwrite) throw new FakeFailure('exists', 'Something is there already.');
    this.mkdir(posix.dirname(to));
    for (const path of [from, ...this.#below(from)]) {
      this.#entries.set(to + path.slice(from.length), this.#demand(path));
      this.#entries.delete(path);
    }
  }

  /** Unpacks a zip, which is the only kind that the fake knows. */
  async extract(path: string, destination: string): Promise<{ entries: number; bytes: number }> {
    const archive = await unzipper.Open.buffer(this.read(path)).catch(() => {
      throw new FakeFailure('invalid', 'It is no archive.');
    });
    const targets = archive.files.map((file) => ({ file, target: posix.resolve(destination, file.path) }));
    if (targets.some(({ target }) => target !== destination && !target.startsWith(`${destination}/`))) {
      throw new FakeFailure('unsafe_archive', 'An entry leads out of the folder.');
    }
    let bytes = 0;
    for (const { file, target } of targets) {
      if (file.type === 'Directory') this.mkdir(target);
      else this.write(target, await file.buffer());
      bytes += file.uncompressedSize;
    }
    return { entries: targets.length, bytes };
  }

  #put(path: string, bytes: Buffer | null): void {
    const inode = this.#entries.get(path)?.inode ?? this.#nextInode++;
    this.#entries.set(path, { bytes, inode, mtimeNs: `${Date.now()}000000` });
  }

  #demand(path: string): Entry {
    const entry = this.#entries.get(path);
    if (!entry) throw new FakeFailure('not_found', `There is no ${path}.`);
    return entry;
  }

  #below(path: string): string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    return [...this.#entries.keys()].filter((child) => child !== path && child.startsWith(prefix));
  }
}
