const INITIAL_BYTES = 4096;

/** Bytes that wait, in one block of their own: a thousand small pieces cost what their bytes do, and pin nobody's buffer. */
export class ByteQueue {
  #block = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Copies the bytes to the end. */
  push(bytes: Buffer): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#block.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#block.length * 2, INITIAL_BYTES));
      this.#block.copy(larger, 0, 0, this.#length);
      this.#block = larger;
    }
    bytes.copy(this.#block, this.#length);
    this.#length = needed;
  }

  /** All that waits; it is the caller's from then on. */
  take(): Buffer {
    const all = this.#block.subarray(0, this.#length);
    this.#block = Buffer.alloc(0);
    this.#length = 0;
    return all;
  }
}
