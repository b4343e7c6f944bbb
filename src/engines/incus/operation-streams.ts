import { type ClientOptions, WebSocket } from 'ws';

/** Between the end of one look and the next, in milliseconds. */
const LOOK_EVERY_MS = 500;

interface StreamsParts {
  /** What the URLs of websockets begin with. */
  readonly origin: string;
  readonly options: ClientOptions;
  /** Whether Incus goes on to carry streams. Never rejects; null where nobody looks. */
  readonly isCarrying: (() => Promise<boolean>) | null;
}

/**
 * The websockets of programs. While there are any it is looked whether Incus is to end: it would wait for them, for minutes, and take no
 * other calls meanwhile.
 */
export class OperationStreams {
  readonly #parts: StreamsParts;
  readonly #sockets = new Set<WebSocket>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: StreamsParts) {
    this.#parts = parts;
  }

  /** Opens one. What it says may come before it is open: the caller listens at once. */
  open(path: string): WebSocket {
    const { origin, options } = this.#parts;
    const socket = new WebSocket(`${origin}${path}`, options);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#watch();
    return socket;
  }

  /** Ends all that are open. */
  end(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  #watch(): void {
    const { isCarrying } = this.#parts;
    if (this.#timer || isCarrying === null) return;
    this.#timer = setTimeout(() => void this.#look(isCarrying), LOOK_EVERY_MS).unref();
  }

  async #look(isCarrying: () => Promise<boolean>): Promise<void> {
    if (this.#sockets.size > 0 && !(await isCarrying())) this.end();
    this.#timer = undefined;
    if (this.#sockets.size > 0) this.#watch();
  }
}
