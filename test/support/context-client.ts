import { eventsOf, type ServerEvent } from './event-stream.ts';
import type { RealServer } from './real-server.ts';

/** The contexts in the sandbox of the user `u`. */
export class ContextClient {
  readonly #server: RealServer;

  constructor(server: RealServer) {
    this.#server = server;
  }

  path(suffix = ''): string {
    return `/sandbox/u/contexts${suffix}`;
  }

  make(id: string, language: string, more = {}) {
    return this.#server.call('POST', this.path(), { id, language, ...more });
  }

  /** The answer of a cell. */
  async run(id: string, code: string, more = {}) {
    return (await this.#server.call('POST', this.path(`/${id}/execute`), { code, timeout: 120, ...more })).body;
  }

  /** Interrupts a cell once it has said that it runs; its events. */
  async interrupted(id: string, code: string): Promise<ServerEvent[]> {
    const response = await fetch(`${this.#server.url}${this.path(`/${id}/execute`)}`, {
      method: 'POST',
      headers: { 'x-api-key': this.#server.apiKey, 'content-type': 'application/json' },
      body: JSON.stringify({ code, stream: true, timeout: 60 }),
    });
    const all: ServerEvent[] = [];
    for await (const event of eventsOf(response)) {
      all.push(event);
      if (event.event === 'stdout') await this.#server.call('POST', this.path(`/${id}/interrupt`));
    }
    return all;
  }

  async deleteAll(): Promise<void> {
    const { contexts } = (await this.#server.call('GET', this.path())).body;
    for (const { id } of contexts) await this.#server.call('DELETE', this.path(`/${id}`));
  }
}
