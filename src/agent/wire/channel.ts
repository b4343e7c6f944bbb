import { createDeferred, type Deferred } from '../../async/deferred.ts';
import { FRAME, type FrameType, MAX_DATA_BYTES, ProtocolError } from './codec.ts';
import type { AgentFailure } from './failures.ts';

/** What each direction of a channel may send before the other side has consumed anything, in bytes. */
export const INITIAL_CREDIT = 262_144;

/** Consumed bytes are acknowledged in portions of this size, so that small reads do not cost a frame each. */
const CREDIT_PORTION = 65_536;

/** How a channel writes to its connection. */
export interface ChannelWriter {
  send(type: FrameType, channel: number, stream: number, payload?: Buffer): void;
  /** Resolves when the connection takes more bytes without piling them up, or is over. */
  drained(): Promise<void> | undefined;
}

/** What the opener of a channel wants to hear; `onData` must lead to `consumed` sooner or later. */
export interface ChannelListener {
  onData?(stream: number, payload: Buffer): void;
  onEnd?(stream: number): void;
  onEvent?(event: unknown): void;
}

/** How an operation ended. */
export type ChannelOutcome = { readonly result: unknown } | { readonly failure: AgentFailure };

/** One multiplexed call to the agent: bytes both ways under credit, then exactly one result or failure. */
export class Channel {
  readonly id: number;
  /** Resolves with the agent's RESULT (unchecked JSON), rejects with an AgentFailure. */
  readonly result: Promise<unknown>;
  readonly #writer: ChannelWriter;
  readonly #listener: ChannelListener;
  readonly #settled: Deferred<unknown> = createDeferred();
  #isOver = false;
  #sendCredit = INITIAL_CREDIT;
  #receiveCredit = INITIAL_CREDIT;
  #unacknowledged = 0;
  #wakeSender: (() => void) | undefined;

  constructor(id: number, writer: ChannelWriter, listener: ChannelListener) {
    this.id = id;
    this.#writer = writer;
    this.#listener = listener;
    this.result = this.#settled.promise;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends bytes as credit allows; resolves when all are handed to the connection, or early when the channel is over. */
  async write(stream: number, bytes: Buffer): Promise<void> {
    let offset = 0;
    while (offset < bytes.length && !this.#isOver) {
      if (this.#sendCredit === 0) {
        await new Promise<void>((resolve) => {
          this.#wakeSender = resolve;
        });
        continue;
      }
      const drained = this.#writer.drained();
      if (drained) {
        await drained;
        continue;
      }
      const size = Math.min(bytes.length - offset, this.#sendCredit, MAX_DATA_BYTES);
      this.#sendCredit -= size;
      this.#writer.send(FRAME.DATA, this.id, stream, bytes.subarray(offset, offset + size));
      offset += size;
    }
  }

  /** Says that no more bytes follow on this stream. */
  end(stream: number): void {
    if (!this.#isOver) this.#writer.send(FRAME.END, this.id, stream);
  }

  /** Asks the agent to stop what the channel does; the result still follows. */
  cancel(): void {
    if (!this.#isOver) this.#writer.send(FRAME.CANCEL, this.id, 0);
  }

  /** Gives the agent credit for bytes that came through `onData`. */
  consumed(bytes: number): void {
    if (this.#isOver) return;
    this.#unacknowledged += bytes;
    if (this.#unacknowledged < CREDIT_PORTION) return;
    const payload = Buffer.allocUnsafe(4);
    payload.writeUInt32BE(this.#unacknowledged);
    this.#receiveCredit += this.#unacknowledged;
    this.#unacknowledged = 0;
    this.#writer.send(FRAME.CREDIT, this.id, 0, payload);
  }

  /** For the connection: bytes arrived. */
  receiveData(stream: number, payload: Buffer): void {
    this.#receiveCredit -= payload.length;
    if (this.#receiveCredit < 0) throw new ProtocolError('The agent sent more than its credit.');
    if (!this.#listener.onData) throw new ProtocolError('The agent sent bytes that nobody asked for.');
    this.#listener.onData(stream, isSmallPart(payload) ? Buffer.from(payload) : payload);
  }

  /** For the connection: the peer sends no more on this stream. */
  receiveEnd(stream: number): void {
    this.#listener.onEnd?.(stream);
  }

  /** For the connection: the peer consumed bytes. */
  receiveCredit(bytes: number): void {
    this.#sendCredit += bytes;
    if (this.#sendCredit > INITIAL_CREDIT) throw new ProtocolError('The agent gave back more credit than was used.');
    this.#wake();
  }

  /** For the connection: something worth knowing before the result. */
  receiveEvent(event: unknown): void {
    this.#listener.onEvent?.(event);
  }

  /** For the connection: the call is over. */
  finish(outcome: ChannelOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if ('failure' in outcome) this.#settled.reject(outcome.failure);
    else this.#settled.resolve(outcome.result);
    this.#wake();
  }

  #wake(): void {
    const wake = this.#wakeSender;
    this.#wakeSender = undefined;
    wake?.();
  }
}

/** True for bytes that would keep many times their number, as they share the memory of the chunk that they came in. */
function isSmallPart({ length, buffer }: Buffer): boolean {
  return length < buffer.byteLength / 4;
}
