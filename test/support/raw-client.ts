import { connect, type Socket } from 'node:net';

/** A client that says what it likes on a connection, byte by byte. */
export class RawClient {
  readonly #socket: Socket;
  readonly #closed: Promise<unknown>;
  #heard = '';
  #drip: NodeJS.Timeout | undefined;
  #dripped = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#heard += text;
    });
    socket.on('error', () => undefined);
    // Not events.once, which fails where a server that has said all resets what still comes.
    this.#closed = new Promise<void>((resolve) => socket.once('close', () => resolve())).then(() =>
      clearInterval(this.#drip),
    );
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new RawClient(socket);
    await Promise.race([new Promise<void>((resolve) => socket.once('connect', () => resolve())), client.#closed]);
    return client;
  }

  send(text: string): void {
    if (this.#socket.writable) this.#socket.write(text);
  }

  /** Sends this again and again, so slowly that no end is near, until the connection or this method's promise ends. */
  async drip(text: string, everyMs: number, times = Number.POSITIVE_INFINITY): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#drip = setInterval(() => {
        this.send(text);
        this.#dripped += 1;
        if (this.#dripped >= times || this.#socket.destroyed) {
          clearInterval(this.#drip);
          resolve();
        }
      }, everyMs);
    });
  }

  /** All that the server has said, once it says something that matches. */
  async hear(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#heard)) {
      if (this.#socket.destroyed) throw new Error(`The connection ended after: ${this.#heard}`);
      await Promise.race([new Promise((resolve) => this.#socket.once('data', resolve)), this.#closed]);
    }
    return this.#heard;
  }

  /** All that the server has said when it has ended the connection. */
  async end(): Promise<string> {
    await this.#closed;
    return this.#heard;
  }

  /** Says that nothing more is sent, and goes on reading. */
  closeSide(): void {
    this.#socket.end();
  }

  /** Reads nothing from now on. */
  deafen(): void {
    this.#socket.pause();
  }

  /** Reads again. */
  listen(): void {
    this.#socket.resume();
  }

  leave(): void {
    clearInterval(this.#drip);
    this.#socket.destroy();
  }
}
