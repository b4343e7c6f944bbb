import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJson, encodeJson, FRAME, FrameDecoder, ProtocolError } from '../../../../src/agent/wire/codec.ts';
import { encodeFrame } from '../../../support/frames.ts';

function header(length: number, type: number): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt32BE(1, 4);
  bytes[8] = type;
  return bytes;
}

describe('the frame codec', () => {
  it('gives back what was encoded, however the bytes are cut', () => {
    const frame = fc.record({
      channel: fc.nat(0xffffffff),
      stream: fc.nat(2),
      payload: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 50 })), (frames, cuts) => {
        const bytes = Buffer.concat(
          frames.map(({ channel, stream, payload }) => encodeFrame(FRAME.DATA, channel, stream, payload)),
        );
        const decoder = new FrameDecoder();
        const decoded = [];
        let offset = 0;
        for (let turn = 0; offset < bytes.length; turn += 1) {
          const size = cuts[turn % Math.max(1, cuts.length)] ?? bytes.length;
          decoded.push(...decoder.push(bytes.subarray(offset, offset + size)));
          offset += size;
        }
        expect(
          decoded.map(({ channel, stream, payload }) => ({ channel, stream, payload: Uint8Array.from(payload) })),
        ).toEqual(
          frames.map(({ channel, stream, payload }) => ({ channel, stream, payload: Uint8Array.from(payload) })),
        );
      }),
    );
  });

  it.each([
    ['a frame of 4 GiB', header(0xffffffff, FRAME.DATA)],
    ['DATA over 64 KiB', header(65_537, FRAME.DATA)],
    ['empty DATA', header(0, FRAME.DATA)],
    ['JSON over 1 MiB', header(1_048_577, FRAME.RESULT)],
    ['END with a payload', header(1, FRAME.END)],
    ['a short CREDIT', header(3, FRAME.CREDIT)],
    ['type 0', header(0, 0)],
    ['type 12', header(0, 12)],
  ])('refuses %s as soon as its header is there', (_name, bytes) => {
    expect(() => new FrameDecoder().push(bytes)).toThrow(ProtocolError);
  });

  it('never throws anything but a ProtocolError, whatever arrives', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (chunks) => {
        const decoder = new FrameDecoder();
        try {
          for (const chunk of chunks) decoder.push(Buffer.from(chunk));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  it('carries any text through JSON, lone surrogates too', () => {
    for (const text of ['plain', 'Grüße 🎉', 'not UTF-8: \udcff\udc80', 'line\nbreak\0']) {
      const payload = encodeJson({ text });
      expect(payload.every((byte) => byte < 0x80)).toBe(true);
      expect(decodeJson(payload)).toEqual({ text });
    }
  });

  it('refuses JSON that is none', () => {
    expect(() => decodeJson(Buffer.from('{"a":'))).toThrow(ProtocolError);
  });
});
