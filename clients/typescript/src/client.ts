import { Sandbox } from './sandbox.ts';
import { type ClientOptions, Transport } from './transport.ts';
import type { SandboxInfo } from './types.ts';

/** Which sandboxes are listed. */
export interface ListOptions {
  readonly state?: 'running' | 'paused' | 'stopped';
  /** As `name` or `name=value`. */
  readonly label?: string;
  readonly prefix?: string;
  /** Of one page. */
  readonly limit?: number;
}

/** The native API: a computer for every user. */
export class ClaraClient {
  readonly #transport: Transport;

  constructor(options: ClientOptions) {
    this.#transport = new Transport(options);
  }

  /** That user's sandbox; asks the server nothing, and the first use makes it. */
  sandbox(userId: string): Sandbox {
    return new Sandbox(this.#transport, userId);
  }

  /** All that this key may see and that fit, from as many pages as there are. */
  async list(options: ListOptions = {}): Promise<SandboxInfo[]> {
    const found: SandboxInfo[] = [];
    let cursor: string | null | undefined;
    do {
      const query = { ...options, ...(cursor ? { cursor } : {}) };
      const page = await this.#transport.data(
        this.#transport.http.GET('/sandbox', { params: { query }, signal: this.#transport.deadline() }),
      );
      found.push(...page.sandboxes);
      cursor = page.next_cursor;
    } while (cursor);
    return found;
  }

  /** Whether the server is well; needs no key. */
  async health() {
    return await this.#transport.data(this.#transport.http.GET('/health', { signal: this.#transport.deadline() }));
  }

  /** What the server is and has room for. */
  async info() {
    return await this.#transport.data(this.#transport.http.GET('/info', { signal: this.#transport.deadline() }));
  }
}
