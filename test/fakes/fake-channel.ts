import { encodeJson, FRAME, MAX_DATA_BYTES } from '../../src/agent/wire/codec.ts';
import { createDeferred } from '../../src/async/deferred.ts';
import { encodeFrame } from '../support/frames.ts';

const INITIAL_CREDIT = 262_144;

/** One call at the agent's end: gathers its body, sends bytes as credit allows, answers once. */
export class FakeChannel {
  /** Resolves with all that came on stream 0, when it has ended. */
  readonly body: Promise<Buffer>;
  /** Aborts when the call is cancelled or the stream to the server is gone. */
  readonly signal: AbortSignal;
  readonly #id: number;
  readonly #send: (frame: Buffer) => void;
  readonly #cancelled = new AbortController();
  readonly #body = createDeferred<Buffer>();
  readonly #chunks: Buffer[] = [];
  #credit = INITIAL_CREDIT;
  #moreCredit = createDeferred<void>();

  constructor(id: number, send: (frame: Buffer) => void) {
    this.#id = id;
    this.#send = send;
    this.body = this.#body.promise;
    this.signal = this.#cancelled.signal;
  }

  receive(bytes: Buffer): void {
    this.#chunks.push(Buffer.from(bytes));
    const credit = Buffer.alloc(4);
    credit.writeUInt32BE(bytes.length);
    this.#send(encodeFrame(FRAME.CREDIT, this.#id, 0, credit));
  }

  receiveEnd(): void {
    this.#body.resolve(Buffer.concat(this.#chunks));
  }

  receiveCredit(bytes: number): void {
    this.#credit += bytes;
    this.#moreCredit.resolve();
    this.#moreCredit = createDeferred();
  }

  cancel(): void {
    this.#cancelled.abort();
    this.#moreCredit.resolve();
  }

  async write(stream: number, bytes: Uint8Array): Promise<void> {
    let offset = 0;
    while (offset < bytes.length && !this.signal.aborted) {
      const size = Math.min(bytes.length - offset, this.#credit, MAX_DATA_BYTES);
      if (size === 0) {
        await this.#moreCredit.promise;
        continue;
      }
      this.#credit -= size;
      this.#send(encodeFrame(FRAME.DATA, this.#id, stream, bytes.subarray(offset, offset + size)));
      offset += size;
    }
  }

  event(value: unknown): void {
    this.#send(encodeFrame(FRAME.EVENT, this.#id, 0, encodeJson(value)));
  }

  finish(result: unknown): void {
    this.#send(encodeFrame(FRAME.RESULT, this.#id, 0, encodeJson(result)));
  }

  fail(code: string, message: string): void {
    this.#send(encodeFrame(FRAME.ERROR, this.#id, 0, encodeJson({ code, message })));
  }
}
