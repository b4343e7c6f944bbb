import type { Transport } from './transport.ts';
import type { Entry } from './types.ts';

/** How long the content of a file may take, in seconds. */
const CONTENT_SECONDS = 300;

/** Files of a sandbox; paths are absolute, or begin in the workspace. */
export class Files {
  readonly #transport: Transport;
  readonly #userId: string;

  constructor(transport: Transport, userId: string) {
    this.#transport = transport;
    this.#userId = userId;
  }

  /** The content of a file. */
  async read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const call = { ...this.#with({ path }, CONTENT_SECONDS), parseAs: 'arrayBuffer' as const };
    return new Uint8Array(await this.#transport.data(this.#transport.http.GET('/sandbox/{user_id}/raw', call)));
  }

  /** The content of a file in UTF-8. */
  async readText(path: string): Promise<string> {
    return new TextDecoder().decode(await this.read(path));
  }

  /** Writes a file with the folders above it; its size in bytes. */
  async write(path: string, data: string | Uint8Array<ArrayBuffer>): Promise<number> {
    const headers = { 'Content-Type': 'application/octet-stream' };
    const content = { body: '', bodySerializer: () => data, headers };
    const call = { ...this.#with({ path }, CONTENT_SECONDS), ...content };
    return (await this.#transport.data(this.#transport.http.PUT('/sandbox/{user_id}/raw', call))).size;
  }

  /** What is in a folder, from as many pages as there are. */
  async list(
    path?: string,
    { depth, hidden }: { readonly depth?: number; readonly hidden?: boolean } = {},
  ): Promise<Entry[]> {
    const found: Entry[] = [];
    let cursor: string | null | undefined;
    do {
      const query = {
        ...(path === undefined ? {} : { path }),
        ...(depth === undefined ? {} : { depth }),
        ...(hidden === undefined ? {} : { hidden: hidden ? ('true' as const) : ('false' as const) }),
        ...(cursor ? { cursor } : {}),
      };
      const page = await this.#transport.data(this.#transport.http.GET('/sandbox/{user_id}/fs', this.#with(query)));
      found.push(...page.entries);
      cursor = page.next_cursor;
    } while (cursor);
    return found;
  }

  /** What it is; a link itself, not where it leads. */
  async stat(path: string): Promise<Entry> {
    return await this.#transport.data(this.#transport.http.GET('/sandbox/{user_id}/fs/stat', this.#with({ path })));
  }

  /** Makes a folder, which may be there already. */
  async mkdir(path: string, { parents = true } = {}): Promise<Entry> {
    const call = { ...this.#with(), body: { path, parents } };
    return await this.#transport.data(this.#transport.http.POST('/sandbox/{user_id}/fs/mkdir', call));
  }

  /** Copies a file or folder. */
  async copy(from: string, to: string, { overwrite = false } = {}): Promise<Entry> {
    const call = { ...this.#with(), body: { from, to, overwrite } };
    return await this.#transport.data(this.#transport.http.POST('/sandbox/{user_id}/fs/copy', call));
  }

  /** Moves a file or folder. */
  async move(from: string, to: string, { overwrite = false } = {}): Promise<Entry> {
    const call = { ...this.#with(), body: { from, to, overwrite } };
    return await this.#transport.data(this.#transport.http.POST('/sandbox/{user_id}/fs/move', call));
  }

  /** Gives it another mode, such as "0644". */
  async chmod(path: string, mode: string, { recursive = false } = {}): Promise<Entry> {
    const call = { ...this.#with(), body: { path, mode, recursive } };
    return await this.#transport.data(this.#transport.http.POST('/sandbox/{user_id}/fs/chmod', call));
  }

  /** Removes a file, or a folder. */
  async delete(path: string, { recursive = false } = {}): Promise<void> {
    const query = { path, recursive: recursive ? ('true' as const) : ('false' as const) };
    await this.#transport.response(this.#transport.http.DELETE('/sandbox/{user_id}/fs', this.#with(query)));
  }

  /** What fits a pattern such as `**` + `/*.py`. */
  async glob(pattern: string, { path }: { readonly path?: string } = {}): Promise<Entry[]> {
    const query = { pattern, ...(path === undefined ? {} : { path }) };
    return (await this.#transport.data(this.#transport.http.GET('/sandbox/{user_id}/fs/glob', this.#with(query))))
      .entries;
  }

  /** The lines in which something stands. */
  async search(query: string, { path, regex = false }: { readonly path?: string; readonly regex?: boolean } = {}) {
    const call = { ...this.#with(), body: { query, regex, ...(path === undefined ? {} : { path }) } };
    return (await this.#transport.data(this.#transport.http.POST('/sandbox/{user_id}/fs/search', call))).matches;
  }

  /** Puts `replacement` in the place of `old`, which stands there `count` times; the difference. */
  async edit(path: string, old: string, replacement: string, { count = 1 } = {}): Promise<string> {
    const call = { ...this.#with(), body: { path, edits: [{ old, new: replacement, count }] } };
    return (await this.#transport.data(this.#transport.http.POST('/sandbox/{user_id}/fs/edit', call))).diff;
  }

  /** The digest of a file in hexadecimal; SHA-256 if nothing is given. */
  async hash(path: string, algorithm: 'sha256' | 'md5' | 'sha1' = 'sha256'): Promise<string> {
    const call = this.#with({ path, algorithm });
    return (await this.#transport.data(this.#transport.http.GET('/sandbox/{user_id}/fs/hash', call))).digest;
  }

  #with(): { params: { path: { user_id: string } }; signal: AbortSignal };
  #with<Query>(
    query: Query,
    seconds?: number,
  ): { params: { path: { user_id: string }; query: Query }; signal: AbortSignal };
  #with(query?: unknown, seconds?: number) {
    return { params: { path: { user_id: this.#userId }, query }, signal: this.#transport.deadline(seconds) };
  }
}
