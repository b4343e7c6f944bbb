import { SMALL_FRAME_BYTES } from './read-budget.ts';

const HEADER_BYTES = 8;
const STDOUT = 1;
const SYSTEM_ERROR = 3;
const STDERR_TAIL_BYTES = 4096;

/** Thrown where the bytes are not Docker's stream format. */
export class DemuxError extends Error {
  override readonly name = 'DemuxError';
}

/**
 * Splits a Docker stream without a terminal into stdout and the tail of stderr. Each frame has a header of 8 bytes: the
 * stream (1 stdout, 2 stderr, 3 an error of the engine), 3 zeros and the payload's length, big-endian.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
 */
export class Demux {
  #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #stream = 0;
  #payloadLeft = 0;
  #stderr = Buffer.alloc(0);
  #stderrBytes = 0;
  #smallFrames = 0;

  /** True between frames, where a stream may end. */
  get isAtBoundary(): boolean {
    return this.#payloadLeft === 0 && this.#headerBytes === 0;
  }

  /** How much of stderr there was so far. */
  get stderrBytes(): number {
    return this.#stderrBytes;
  }

  /** How many frames there were that were small. */
  get smallFrames(): number {
    return this.#smallFrames;
  }

  /** The last 4 KiB of stderr so far. */
  get stderr(): string {
    return this.#stderr.toString();
  }

  /**
   * Takes the next bytes and returns the stdout among them, or null where there is none. The chunk is the demultiplexer's
   * from then on: payloads are moved together inside it, so that one read of the socket stays one chunk without a copy of it.
   */
  push(chunk: Buffer): Buffer | null {
    let start = 0;
    let end = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft === 0) {
        at = this.#readHeader(chunk, at);
        continue;
      }
      const next = Math.min(at + this.#payloadLeft, chunk.length);
      this.#payloadLeft -= next - at;
      if (this.#stream !== STDOUT) {
        this.#keepStderr(chunk.subarray(at, next));
      } else if (start === end) {
        start = at;
        end = next;
      } else {
        if (at !== end) chunk.copyWithin(end, at, next);
        end += next - at;
      }
      at = next;
    }
    if (start === end) return null;
    return start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end);
  }

  #readHeader(chunk: Buffer, from: number): number {
    let at = from;
    if (this.#headerBytes === 0 && chunk.length - at >= HEADER_BYTES) {
      this.#openFrame(chunk, at);
      return at + HEADER_BYTES;
    }
    const copied = chunk.copy(this.#header, this.#headerBytes, at);
    this.#headerBytes += copied;
    at += copied;
    if (this.#headerBytes === HEADER_BYTES) {
      this.#headerBytes = 0;
      this.#openFrame(this.#header, 0);
    }
    return at;
  }

  #openFrame(bytes: Buffer, at: number): void {
    const stream = bytes[at] ?? 0;
    if (stream < STDOUT || stream > SYSTEM_ERROR) throw new DemuxError(`A frame names stream ${stream}.`);
    this.#stream = stream;
    this.#payloadLeft = bytes.readUInt32BE(at + 4);
    if (this.#payloadLeft < SMALL_FRAME_BYTES) this.#smallFrames += 1;
  }

  #keepStderr(bytes: Buffer): void {
    this.#stderrBytes += bytes.length;
    const kept = this.#stderr.subarray(Math.max(0, this.#stderr.length + bytes.length - STDERR_TAIL_BYTES));
    this.#stderr = Buffer.concat([kept, bytes.subarray(-STDERR_TAIL_BYTES)]);
  }
}
