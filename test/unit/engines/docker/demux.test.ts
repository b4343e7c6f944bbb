import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Demux, DemuxError } from '../../../../src/engines/docker/demux.ts';

describe('Demux', () => {
  const frame = (stream: number, payload: Buffer) => {
    const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(payload.length, 4);
    return Buffer.concat([header, payload]);
  };

  it('gives the same bytes however the stream is cut', () => {
    const payload = fc.record({ stream: fc.constantFrom(1, 2, 3), bytes: fc.uint8Array({ maxLength: 40 }) });
    fc.assert(
      fc.property(
        fc.array(payload, { maxLength: 20 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 60 })),
        (frames, cuts) => {
          const all = Buffer.concat(frames.map(({ stream, bytes }) => frame(stream, Buffer.from(bytes))));
          const wanted = frames.filter(({ stream }) => stream === 1).map(({ bytes }) => Buffer.from(bytes));
          const demux = new Demux();
          const got: Buffer[] = [];
          for (let at = 0; at < all.length; ) {
            const next = at + (cuts.next().value ?? 1);
            const stdout = demux.push(Buffer.from(all.subarray(at, next)));
            if (stdout !== null) got.push(stdout);
            at = next;
          }
          expect(Buffer.concat(got)).toEqual(Buffer.concat(wanted));
          expect(got.every(({ length }) => length > 0)).toBe(true);
          expect(demux.isAtBoundary).toBe(true);
        },
      ),
    );
  });

  it('refuses what is not its format', () => {
    expect(() => new Demux().push(Buffer.from('OCI runtime error'))).toThrow(DemuxError);
    expect(() => new Demux().push(frame(0, Buffer.from('x')))).toThrow(DemuxError);
  });
});
