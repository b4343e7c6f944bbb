import { Duplex } from 'node:stream';
import { ByteQueue } from '../../async/byte-queue.ts';
import type { Channel } from '../wire/channel.ts';

/** How long what was written may take to arrive after both ends are done with it, in milliseconds. */
const LINGER_MS = 60_000;

/** A channel of bytes both ways as a stream, at its reader's pace; each way has an end of its own. */
export class TunnelStream extends Duplex {
  #channel: Channel | undefined;
  readonly #cancel: () => void;
  readonly #queue = new ByteQueue();
  #isWanted = false;
  #hasEnded = false;

  /** `cancel` ends the channel's call. */
  constructor(cancel: () => void) {
    super();
    this.#cancel = cancel;
    // Whoever uses it hears of an error; where nobody does any more, nobody has to.
    this.on('error', () => undefined);
  }

  /** Names the channel, before anything is read or written. */
  attach(channel: Channel): void {
    this.#channel = channel;
  }

  /** Bytes from the sandbox. */
  receive(payload: Buffer): void {
    if (this.#isWanted && this.#queue.length === 0) this.#give(payload);
    else this.#queue.push(payload);
  }

  /** No more come. */
  receiveEnd(): void {
    this.#hasEnded = true;
    this.#pass();
  }

  /** The end is told only to a reader who asks for more once he has had all: HTTP's parser, which may pause at the last bytes, hears of none before. */
  override read(size?: number): unknown {
    const chunk: unknown = super.read(size);
    // An iterator listens only once it has its answer.
    if (chunk === null && this.#hasEnded) process.nextTick(() => this.#pass());
    return chunk;
  }

  override _read(): void {
    this.#isWanted = true;
    this.#pass();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#channel) this.#channel.write(0, chunk).then(() => done(), done);
    else done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#channel?.end(0);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#queue.take();
    if (error || !this.readableEnded || !this.writableFinished) this.#cancel();
    else setTimeout(this.#cancel, LINGER_MS).unref();
    done(error);
  }

  #give(bytes: Buffer): void {
    this.#isWanted = this.push(bytes);
    this.#channel?.consumed(bytes.length);
  }

  #pass(): void {
    if (this.#isWanted && this.#queue.length > 0) this.#give(this.#queue.take());
    if (this.#hasEnded && this.#queue.length === 0 && this.readableLength === 0 && !this.destroyed) {
      this.#hasEnded = false;
      this.push(null);
    }
  }
}
