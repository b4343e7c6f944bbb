import { ProtocolError } from '../wire/codec.ts';

/** How much of the beginning and of the end of a stream is kept. */
export interface CaptureLimits {
  readonly headBytes: number;
  readonly tailBytes: number;
}

/** A program's output on one stream: where something was cut, `head` and `tail` are what is around it. */
export interface Captured {
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly omittedBytes: number;
}

/** Collects one stream of a run; the agent cuts it, this end makes sure that it did. */
export class OutputCapture {
  readonly #limits: CaptureLimits;
  #kept: Buffer = Buffer.alloc(0);
  #bytes = 0;

  constructor(limits: CaptureLimits) {
    this.#limits = limits;
  }

  /** Keeps a chunk; throws a ProtocolError where that is more than was asked for. */
  push(chunk: Buffer): void {
    const limit = this.#limits.headBytes + this.#limits.tailBytes;
    const needed = this.#bytes + chunk.length;
    if (needed > limit) throw new ProtocolError('The agent sent more output than was asked for.');
    if (needed > this.#kept.length) {
      // One buffer that doubles: a buffer for each of a million chunks of one byte would take a hundred times their size.
      const grown = Buffer.allocUnsafe(Math.min(limit, Math.max(needed, this.#kept.length * 2)));
      this.#kept.copy(grown, 0, 0, this.#bytes);
      this.#kept = grown;
    }
    chunk.copy(this.#kept, this.#bytes);
    this.#bytes = needed;
  }

  /** What was kept, split where the agent says that it cut. */
  finish(counts: { readonly omitted: number }): Captured {
    const all = this.#kept.subarray(0, this.#bytes);
    if (counts.omitted === 0) return { head: all, tail: Buffer.alloc(0), omittedBytes: 0 };
    const cut = Math.min(this.#limits.headBytes, all.length);
    return { head: all.subarray(0, cut), tail: all.subarray(cut), omittedBytes: counts.omitted };
  }
}

/** The text of a stream: UTF-8 with replacement, and a line that says how much is missing where it was cut. */
export function toText(captured: Captured): string {
  if (captured.omittedBytes === 0) return captured.head.toString('utf8');
  const head = captured.head.subarray(0, wholeCharactersEnd(captured.head));
  const tail = captured.tail.subarray(wholeCharactersStart(captured.tail));
  const omitted = captured.omittedBytes + captured.head.length - head.length + captured.tail.length - tail.length;
  return `${head.toString('utf8')}\n[… ${omitted} bytes of output left out …]\n${tail.toString('utf8')}`;
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

function wholeCharactersEnd(bytes: Buffer): number {
  let start = bytes.length - 1;
  while (start > bytes.length - 4 && isContinuation(bytes[start])) start -= 1;
  const lead = bytes[start];
  if (lead === undefined || lead < 0xc0) return bytes.length;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  return start + length > bytes.length ? start : bytes.length;
}

/** Where the first whole character of UTF-8 begins that was cut anywhere. */
export function wholeCharactersStart(bytes: Buffer): number {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start += 1;
  return start;
}
