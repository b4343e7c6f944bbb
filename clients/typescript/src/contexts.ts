import { readEvents, type SandboxEvent } from './events.ts';
import type { Transport } from './transport.ts';
import type { CellExecution, Context } from './types.ts';

/** How a cell runs; `timeout` in seconds, 30 if not given. */
export interface CellOptions {
  readonly timeout?: number;
  readonly silent?: boolean;
}

/** What a new context is. */
export interface ContextOptions {
  readonly language?: string;
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly name?: string;
}

/** Interpreters of a sandbox whose variables live on; `default` is always there. */
export class Contexts {
  readonly #transport: Transport;
  readonly #userId: string;

  constructor(transport: Transport, userId: string) {
    this.#transport = transport;
    this.#userId = userId;
  }

  /** A new one; the one of that id where it is there in this language. */
  async create(id?: string, options: ContextOptions = {}): Promise<Context> {
    const call = { params: { path: { user_id: this.#userId } }, signal: this.#transport.deadline() };
    const body = { ...(id === undefined ? {} : { id }), ...options };
    return await this.#transport.data(this.#transport.http.POST('/sandbox/{user_id}/contexts', { ...call, body }));
  }

  /** All of them. */
  async list(): Promise<Context[]> {
    const call = { params: { path: { user_id: this.#userId } }, signal: this.#transport.deadline() };
    return (await this.#transport.data(this.#transport.http.GET('/sandbox/{user_id}/contexts', call))).contexts;
  }

  /** How it is. */
  async get(id: string): Promise<Context> {
    return await this.#transport.data(this.#transport.http.GET('/sandbox/{user_id}/contexts/{id}', this.#of(id)));
  }

  /** Runs a cell to its end. */
  async execute(id: string, code: string, { timeout = 30, silent = false }: CellOptions = {}): Promise<CellExecution> {
    const call = { ...this.#of(id, timeout), body: { code, timeout, silent } };
    return await this.#transport.data(this.#transport.http.POST('/sandbox/{user_id}/contexts/{id}/execute', call));
  }

  /** The events of a cell as they come, pictures as `result` among them, up to `exit`. */
  async *stream(
    id: string,
    code: string,
    { timeout = 30, silent = false }: CellOptions = {},
  ): AsyncGenerator<SandboxEvent, void, undefined> {
    const call = {
      params: this.#of(id).params,
      headers: { Accept: 'application/x-ndjson' },
      parseAs: 'stream' as const,
      body: { code, timeout, silent },
    };
    const path = '/sandbox/{user_id}/contexts/{id}/execute';
    yield* readEvents(await this.#transport.response(this.#transport.http.POST(path, call)));
  }

  /** Ends the cell that runs; the variables stay. */
  async interrupt(id: string): Promise<void> {
    const path = '/sandbox/{user_id}/contexts/{id}/interrupt';
    await this.#transport.response(this.#transport.http.POST(path, this.#of(id)));
  }

  /** The same context with a fresh interpreter. */
  async restart(id: string): Promise<Context> {
    const path = '/sandbox/{user_id}/contexts/{id}/restart';
    return await this.#transport.data(this.#transport.http.POST(path, this.#of(id)));
  }

  /** Ends it. */
  async delete(id: string): Promise<void> {
    await this.#transport.response(this.#transport.http.DELETE('/sandbox/{user_id}/contexts/{id}', this.#of(id)));
  }

  #of(id: string, seconds?: number) {
    return { params: { path: { user_id: this.#userId, id } }, signal: this.#transport.deadline(seconds) };
  }
}
