import { Duplex } from 'node:stream';

/** One end of a pair of streams: what is written to it is read at the other end, at the reader's pace. */
class PairEnd extends Duplex {
  /** Where what is written here is read. */
  peer: PairEnd | null = null;
  #taken: (() => void) | null = null;

  constructor() {
    super({ allowHalfOpen: true });
    // Whoever uses it hears of an error; where nobody does any more, nobody has to.
    this.on('error', () => undefined);
  }

  override _read(): void {
    const taken = this.#taken;
    this.#taken = null;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.peer?.receive(chunk, done);
  }

  override _final(done: () => void): void {
    if (this.peer && !this.peer.destroyed) this.peer.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // Nobody reads any more: what the other end writes goes nowhere. An end that was written is still read there.
    this._read();
    if (!this.writableFinished) this.peer?.destroy();
    done(error);
  }

  /** Gives a chunk to this end's reader; `taken` is called once it is wanted. */
  receive(chunk: Buffer, taken: () => void): void {
    if (this.destroyed || this.push(chunk)) taken();
    else this.#taken = taken;
  }
}

/** Two streams, each of which reads what the other one writes, with an end for each way. */
export function duplexPair(): readonly [Duplex, Duplex] {
  const [one, other] = [new PairEnd(), new PairEnd()];
  one.peer = other;
  other.peer = one;
  return [one, other];
}
