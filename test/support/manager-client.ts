import { expect } from 'vitest';
import type { RealServer } from './real-server.ts';

const SANDBOXES = '/api/v1/sandboxes';

/** A client of the manager's API; `server` is asked for at each call, as tests start it later. */
export class ManagerClient {
  readonly #server: () => RealServer;

  constructor(server: () => RealServer) {
    this.#server = server;
  }

  /** The path of a sandbox, or of something of it. */
  at(id: string, rest = ''): string {
    return `${SANDBOXES}/${id}${rest}`;
  }

  /** Makes a sandbox; its id. */
  async make(body: Readonly<Record<string, unknown>>): Promise<string> {
    const made = await this.#server().call('POST', SANDBOXES, { image: 'python:3.9', ...body });
    expect(made).toMatchObject({ status: 200 });
    return made.body.container_id;
  }

  /** What a command in it answers. */
  async exec(id: string, command: string) {
    return (await this.#server().call('POST', this.at(id, '/exec'), { command })).body;
  }

  /** What is known of it, or of something of it. */
  async get(id: string, rest = '') {
    return (await this.#server().call('GET', this.at(id, rest))).body;
  }
}
