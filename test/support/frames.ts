import { encodeHeader, type FrameType } from '../../src/agent/wire/codec.ts';

const EMPTY = Buffer.alloc(0);

/** A whole frame in one buffer. */
export function encodeFrame(type: FrameType, channel: number, stream = 0, payload: Uint8Array = EMPTY): Buffer {
  return Buffer.concat([encodeHeader(type, channel, stream, payload.length), payload]);
}
