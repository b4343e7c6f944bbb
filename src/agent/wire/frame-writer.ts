import type { Duplex } from 'node:stream';
import { createDeferred, type Deferred } from '../../async/deferred.ts';
import { encodeHeader, type FrameType } from './codec.ts';

/** Bytes that are copied into one write at the most, which costs less than a write for each part. */
const MOST_COPIED_BYTES = 16_384;

/** The frames that go to an agent: what is written in one turn of the event loop leaves in one system call. */
export class FrameWriter {
  readonly #stream: Duplex;
  #parts: Buffer[] = [];
  #partsBytes = 0;
  #isOver = false;
  #drain: Deferred<void> | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('drain', () => this.#wake());
  }

  /** How much of what was written waits to leave, in bytes. */
  get waitingBytes(): number {
    return this.#stream.writableLength + this.#partsBytes;
  }

  /** Writes a frame; nothing after the end. */
  write(type: FrameType, channel: number, stream: number, payload?: Buffer): void {
    if (this.#isOver) return;
    if (this.#parts.length === 0) process.nextTick(() => this.#flush());
    this.#add(encodeHeader(type, channel, stream, payload?.length ?? 0));
    if (payload && payload.length > 0) this.#add(payload);
    // The stream is to say that it is full while the frames still come.
    if (this.#partsBytes > MOST_COPIED_BYTES) this.#flush();
  }

  #add(part: Buffer): void {
    this.#parts.push(part);
    this.#partsBytes += part.length;
  }

  #flush(): void {
    const parts = this.#parts;
    const bytes = this.#partsBytes;
    if (bytes === 0 || this.#isOver) return;
    this.#parts = [];
    this.#partsBytes = 0;
    if (bytes <= MOST_COPIED_BYTES) {
      this.#stream.write(Buffer.concat(parts, bytes));
      return;
    }
    this.#stream.cork();
    for (const part of parts) this.#stream.write(part);
    this.#stream.uncork();
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
    this.#parts = [];
    this.#partsBytes = 0;
    this.#wake();
  }

  #wake(): void {
    this.#drain?.resolve();
    this.#drain = undefined;
  }
}
