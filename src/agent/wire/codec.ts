import { SandboxError } from '../../base/errors.ts';

/** Frame types of the agent protocol; docs/agent-protocol.md says what each carries. */
export const FRAME = {
  HELLO: 1,
  OPEN: 2,
  DATA: 3,
  END: 4,
  CREDIT: 5,
  EVENT: 6,
  RESULT: 7,
  ERROR: 8,
  CANCEL: 9,
  PING: 10,
  PONG: 11,
} as const;

/** What a frame is, by its number on the wire. */
export type FrameType = (typeof FRAME)[keyof typeof FRAME];

/** One frame, as it goes over the wire. */
export interface Frame {
  readonly type: FrameType;
  readonly channel: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A peer broke the protocol; its connection must end. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

const HEADER_BYTES = 10;

/** The largest DATA payload, in bytes. */
export const MAX_DATA_BYTES = 65_536;

const MAX_JSON_BYTES = 1_048_576;

const MAX_PAYLOAD: Readonly<Record<FrameType, number>> = {
  [FRAME.HELLO]: MAX_JSON_BYTES,
  [FRAME.OPEN]: MAX_JSON_BYTES,
  [FRAME.DATA]: MAX_DATA_BYTES,
  [FRAME.END]: 0,
  [FRAME.CREDIT]: 4,
  [FRAME.EVENT]: MAX_JSON_BYTES,
  [FRAME.RESULT]: MAX_JSON_BYTES,
  [FRAME.ERROR]: MAX_JSON_BYTES,
  [FRAME.CANCEL]: 0,
  [FRAME.PING]: 8,
  [FRAME.PONG]: 8,
};

const MIN_PAYLOAD: Readonly<Partial<Record<FrameType, number>>> = {
  [FRAME.DATA]: 1,
  [FRAME.CREDIT]: 4,
  [FRAME.PING]: 8,
  [FRAME.PONG]: 8,
};

/** The header of a frame whose payload of `length` bytes follows. */
export function encodeHeader(type: FrameType, channel: number, stream: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32BE(length, 0);
  header.writeUInt32BE(channel, 4);
  header[8] = type;
  header[9] = stream;
  return header;
}

/** JSON in ASCII, so that lone surrogates (file names that are not UTF-8) pass unchanged; throws `too_large` over 1 MiB. */
export function encodeJson(value: unknown): Buffer {
  const text = JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  if (text.length > MAX_JSON_BYTES) {
    const sentence = `What the sandbox is asked for takes ${text.length} bytes, and may take ${MAX_JSON_BYTES}: send less, or put it into a file.`;
    throw new SandboxError('too_large', sentence);
  }
  return Buffer.from(text, 'latin1');
}

/** The payload's JSON; throws a ProtocolError where it is none. */
export function decodeJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch (cause) {
    throw new ProtocolError('A frame holds invalid JSON.', { cause });
  }
}

/** Turns chunks of any size into frames; payloads may share memory with the chunk they came in. */
export class FrameDecoder {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerFilled = 0;
  #payload: Buffer | undefined;
  #payloadFilled = 0;

  /** The frames that this chunk completes; throws a ProtocolError on the first malformed one. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#payload === undefined) {
        offset += this.#fillHeader(chunk, offset);
        if (this.#headerFilled < HEADER_BYTES) break;
        const length = this.#checkedLength();
        if (chunk.length - offset >= length) {
          frames.push(this.#finish(chunk.subarray(offset, offset + length)));
          offset += length;
        } else {
          this.#payload = Buffer.allocUnsafe(length);
          this.#payloadFilled = 0;
        }
      } else {
        const copied = chunk.copy(this.#payload, this.#payloadFilled, offset);
        this.#payloadFilled += copied;
        offset += copied;
        if (this.#payloadFilled === this.#payload.length) frames.push(this.#finish(this.#payload));
      }
    }
    return frames;
  }

  #fillHeader(chunk: Buffer, offset: number): number {
    const copied = chunk.copy(this.#header, this.#headerFilled, offset, offset + HEADER_BYTES - this.#headerFilled);
    this.#headerFilled += copied;
    return copied;
  }

  #checkedLength(): number {
    const length = this.#header.readUInt32BE(0);
    const type = this.#header[8];
    if (!isFrameType(type)) throw new ProtocolError(`Frame type ${type} is unknown.`);
    if (length > MAX_PAYLOAD[type] || length < (MIN_PAYLOAD[type] ?? 0)) {
      throw new ProtocolError(`A frame of type ${type} announces ${length} bytes.`);
    }
    return length;
  }

  #finish(payload: Buffer): Frame {
    const type = this.#header[8];
    if (!isFrameType(type)) throw new ProtocolError(`Frame type ${type} is unknown.`);
    const frame: Frame = { type, channel: this.#header.readUInt32BE(4), stream: this.#header[9] ?? 0, payload };
    this.#headerFilled = 0;
    this.#payload = undefined;
    return frame;
  }
}

function isFrameType(value: number | undefined): value is FrameType {
  return value !== undefined && value >= FRAME.HELLO && value <= FRAME.PONG;
}
