import type { Transport } from './transport.ts';
import type { Checkpoint, SandboxInfo } from './types.ts';

/** How long a copy of all files may take, in seconds. */
const COPY_SECONDS = 120;

/** What a sandbox's files were; `latest` names the newest. */
export class Checkpoints {
  readonly #transport: Transport;
  readonly #userId: string;

  constructor(transport: Transport, userId: string) {
    this.#transport = transport;
    this.#userId = userId;
  }

  /** Keeps what its files are now. */
  async create(name?: string): Promise<Checkpoint> {
    const params = { path: { user_id: this.#userId } };
    const call = { params, signal: this.#transport.deadline(COPY_SECONDS), body: name === undefined ? {} : { name } };
    return await this.#transport.data(this.#transport.http.POST('/sandbox/{user_id}/checkpoints', call));
  }

  /** Newest first. */
  async list(): Promise<Checkpoint[]> {
    const call = { params: { path: { user_id: this.#userId } }, signal: this.#transport.deadline() };
    return (await this.#transport.data(this.#transport.http.GET('/sandbox/{user_id}/checkpoints', call))).checkpoints;
  }

  /** Starts the sandbox anew with those files. */
  async restore(id = 'latest'): Promise<SandboxInfo> {
    const params = { path: { user_id: this.#userId, id } };
    const call = { params, signal: this.#transport.deadline(COPY_SECONDS) };
    return await this.#transport.data(this.#transport.http.POST('/sandbox/{user_id}/checkpoints/{id}/restore', call));
  }

  /** Removes it. */
  async delete(id: string): Promise<void> {
    const call = { params: { path: { user_id: this.#userId, id } }, signal: this.#transport.deadline() };
    await this.#transport.response(this.#transport.http.DELETE('/sandbox/{user_id}/checkpoints/{id}', call));
  }
}
