import type { Duplex } from 'node:stream';
import { createDeferred, type Deferred } from '../../async/deferred.ts';
import { encodeHeader, type FrameType } from './codec.ts';

/** The frames that go to an agent: what is written in one turn of the event loop leaves in one system call. */
export class FrameWriter {
  readonly #stream: Duplex;
  #isCorked = false;
  #isOver = false;
  #drain: Deferred<void> | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('drain', () => this.#wake());
  }

  /** How much of what was written waits to leave, in bytes. */
  get waitingBytes(): number {
    return this.#stream.writableLength;
  }

  /** Writes a frame; nothing after the end. */
  write(type: FrameType, channel: number, stream: number, payload?: Buffer): void {
    if (this.#isOver) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#stream.uncork();
      });
    }
    this.#stream.write(encodeHeader(type, channel, stream, payload?.length ?? 0));
    if (payload && payload.length > 0) this.#stream.write(payload);
  }

  /** Undefined while the stream takes bytes, else a promise for the moment when it does again, or is over. */
  drained(): Promise<void> | undefined {
    if (this.#isOver || !this.#stream.writableNeedDrain) return undefined;
    this.#drain ??= createDeferred();
    return this.#drain.promise;
  }

  /** Lets go whoever waits; nothing is written any more. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  #wake(): void {
    this.#drain?.resolve();
    this.#drain = undefined;
  }
}
