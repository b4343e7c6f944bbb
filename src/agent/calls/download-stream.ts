import { Readable } from 'node:stream';
import { ByteQueue } from '../../async/byte-queue.ts';

/** What may wait for its reader before the giver is made to wait, in bytes. */
const BUFFER_BYTES = 131_072;

/** A smaller piece is copied: on its own it would cost more than its bytes, and keep the whole chunk that it came in. */
const SMALL_BYTES = 16_384;

interface DownloadListener {
  /** N bytes have been taken: more may be given. */
  readonly onTaken: (bytes: number) => void;
  /** The giver is waited for (true), or the reader is. */
  readonly onWaiting: (isForGiver: boolean) => void;
  readonly onDestroy: () => void;
}

/**
 * A stream of bytes that come in pieces of any size, even of one byte: small pieces that its reader has not taken wait together in one
 * block, so that what waits costs what its bytes do.
 */
export class DownloadStream {
  readonly body: Readable;
  readonly #listener: DownloadListener;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  readonly #small = new ByteQueue();
  #withheldBytes = 0;
  #isWanted = false;
  #hasEnded = false;

  constructor(listener: DownloadListener) {
    this.#listener = listener;
    this.body = new Readable({
      // What the reader takes next is the stream's; the rest waits here, where pieces can still be put together.
      highWaterMark: 1,
      read: () => this.#read(),
      destroy: (error, done) => {
        this.#takeAll();
        listener.onDestroy();
        this.#release();
        done(error);
      },
    });
  }

  /** Takes the next bytes, which may be part of a larger buffer; those that nobody reads any more are taken at once, so that the giver comes to its end. */
  give(bytes: Buffer): void {
    if (this.body.destroyed) {
      this.#listener.onTaken(bytes.length);
      return;
    }
    if (this.#isWanted) {
      this.#isWanted = false;
      this.body.push(bytes);
    } else {
      this.#keep(bytes);
    }
    const hasRoom = this.#waitingBytes < BUFFER_BYTES;
    if (hasRoom) this.#listener.onTaken(bytes.length);
    else this.#withheldBytes += bytes.length;
    this.#listener.onWaiting(hasRoom);
  }

  /** No more bytes come. */
  end(): void {
    this.#hasEnded = true;
    if (this.#waitingBytes === 0) this.body.push(null);
  }

  #keep(bytes: Buffer): void {
    this.#waitingBytes += bytes.length;
    if (bytes.length < SMALL_BYTES) {
      this.#small.push(bytes);
      return;
    }
    if (this.#small.length > 0) this.#waiting.push(this.#small.take());
    this.#waiting.push(bytes);
  }

  #takeAll(): readonly Buffer[] {
    if (this.#small.length > 0) this.#waiting.push(this.#small.take());
    const all = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return all;
  }

  #read(): void {
    const all = this.#takeAll();
    this.#isWanted = all.length === 0;
    for (const bytes of all) this.body.push(bytes);
    if (this.#hasEnded) this.body.push(null);
    this.#release();
    this.#listener.onWaiting(true);
  }

  #release(): void {
    this.#listener.onTaken(this.#withheldBytes);
    this.#withheldBytes = 0;
  }
}
