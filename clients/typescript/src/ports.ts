import type { Transport } from './transport.ts';
import type { Port } from './types.ts';

/** Servers in a sandbox, seen from outside. */
export class Ports {
  readonly #transport: Transport;
  readonly #userId: string;

  constructor(transport: Transport, userId: string) {
    this.#transport = transport;
    this.#userId = userId;
  }

  /** Those at which something listens or that were set up. */
  async list(): Promise<Port[]> {
    const call = { params: { path: { user_id: this.#userId } }, signal: this.#transport.deadline() };
    return (await this.#transport.data(this.#transport.http.GET('/sandbox/{user_id}/ports', call))).ports;
  }

  /** Where it is reached. */
  async get(port: number): Promise<Port> {
    return await this.#transport.data(this.#transport.http.GET('/sandbox/{user_id}/ports/{port}', this.#of(port)));
  }

  /** Lets anybody see it (`public`), or only who has a key or a link (`private`, if nothing is given). */
  async set(port: number, visibility: 'public' | 'private' = 'private', pathPrefix?: string): Promise<Port> {
    const body = { visibility, ...(pathPrefix === undefined ? {} : { path_prefix: pathPrefix }) };
    const call = { ...this.#of(port), body };
    return await this.#transport.data(this.#transport.http.PUT('/sandbox/{user_id}/ports/{port}', call));
  }

  /** A link that opens it in a browser for N seconds. */
  async share(port: number, expiresIn?: number): Promise<string> {
    const call = { ...this.#of(port), body: expiresIn === undefined ? {} : { expires_in: expiresIn } };
    return (await this.#transport.data(this.#transport.http.POST('/sandbox/{user_id}/ports/{port}', call))).url;
  }

  #of(port: number) {
    return { params: { path: { user_id: this.#userId, port } }, signal: this.#transport.deadline() };
  }
}
