import { readEvents, type SandboxEvent } from './events.ts';
import { openWebSocket } from './signing.ts';
import type { Transport } from './transport.ts';
import type { Process, ProcessOptions } from './types.ts';

/** Programs of a sandbox that outlive their request. */
export class Processes {
  readonly #transport: Transport;
  readonly #userId: string;

  constructor(transport: Transport, userId: string) {
    this.#transport = transport;
    this.#userId = userId;
  }

  /** Starts one of a shell's `command`, a program by `argv`, or Python `code`. */
  async start(options: ProcessOptions): Promise<Process> {
    const call = { params: { path: { user_id: this.#userId } }, signal: this.#transport.deadline(30), body: options };
    return await this.#transport.data(this.#transport.http.POST('/sandbox/{user_id}/processes', call));
  }

  /** Newest first; `label` is `name=value`. */
  async list(query: { readonly state?: 'running' | 'exited'; readonly label?: string } = {}): Promise<Process[]> {
    const call = { params: { path: { user_id: this.#userId }, query }, signal: this.#transport.deadline() };
    return (await this.#transport.data(this.#transport.http.GET('/sandbox/{user_id}/processes', call))).processes;
  }

  /** How it is. */
  async get(id: number): Promise<Process> {
    return await this.#transport.data(this.#transport.http.GET('/sandbox/{user_id}/processes/{id}', this.#of(id)));
  }

  /** How it is once it has ended, or after N seconds, at most 300; 60 if not given. */
  async wait(id: number, timeout = 60): Promise<Process> {
    const call = { ...this.#of(id, timeout), body: { timeout } };
    return await this.#transport.data(this.#transport.http.POST('/sandbox/{user_id}/processes/{id}/wait', call));
  }

  /** Its events behind the one of that number, up to `exit`; any number of readers may read them. */
  async *events(id: number, after?: number): AsyncGenerator<SandboxEvent, void, undefined> {
    const { params } = this.#of(id);
    const query = after === undefined ? {} : { after };
    const headers = { Accept: 'application/x-ndjson' };
    const call = { params: { ...params, query }, headers, parseAs: 'stream' as const };
    const path = '/sandbox/{user_id}/processes/{id}/events';
    yield* readEvents(await this.#transport.response(this.#transport.http.GET(path, call)));
  }

  /** What is kept of what it wrote. */
  async output(
    id: number,
    query: { readonly stream?: 'stdout' | 'stderr'; readonly tail?: number } = {},
  ): Promise<string> {
    const { params, signal } = this.#of(id);
    const call = { params: { ...params, query }, signal, parseAs: 'text' as const };
    // An answer without a body has no data.
    return (
      (await this.#transport.data(this.#transport.http.GET('/sandbox/{user_id}/processes/{id}/output', call))) ?? ''
    );
  }

  /** Sends input; `close` ends it. */
  async write(id: number, data: string | Uint8Array<ArrayBuffer>, { close = false } = {}): Promise<void> {
    const { params, signal } = this.#of(id, 30);
    const query = { close: close ? ('true' as const) : ('false' as const) };
    const headers = { 'Content-Type': 'application/octet-stream' };
    const content = { body: '', bodySerializer: () => data, headers };
    const call = { params: { ...params, query }, signal, ...content };
    await this.#transport.response(this.#transport.http.POST('/sandbox/{user_id}/processes/{id}/stdin', call));
  }

  /** Sends a signal, by number or name; `tree` to all that it started. */
  async signal(id: number, signal: string | number, { tree = false } = {}): Promise<void> {
    const call = { ...this.#of(id), body: { signal, tree } };
    await this.#transport.response(this.#transport.http.POST('/sandbox/{user_id}/processes/{id}/signal', call));
  }

  /**
   * Its terminal, as a WebSocket that begins to open: bytes both ways as binary messages, which come as an ArrayBuffer; `start`, `gap` and
   * `exit` as JSON texts. Begins behind so many bytes of the output where they are given.
   */
  async attach(id: number, after?: number): Promise<WebSocket> {
    const path = `/processes/${id}/attach${after === undefined ? '' : `?after=${after}`}`;
    const socket = await openWebSocket(this.#transport, this.#userId, path, ['clara.tty.v1']);
    socket.binaryType = 'arraybuffer';
    return socket;
  }

  /** Gives its terminal another size. */
  async resize(id: number, rows: number, cols: number): Promise<void> {
    const call = { ...this.#of(id), body: { rows, cols } };
    await this.#transport.response(this.#transport.http.POST('/sandbox/{user_id}/processes/{id}/resize', call));
  }

  /** Kills it with all that it started, and forgets it. */
  async delete(id: number): Promise<Process> {
    return await this.#transport.data(this.#transport.http.DELETE('/sandbox/{user_id}/processes/{id}', this.#of(id)));
  }

  #of(id: number, seconds?: number) {
    return { params: { path: { user_id: this.#userId, id } }, signal: this.#transport.deadline(seconds) };
  }
}
