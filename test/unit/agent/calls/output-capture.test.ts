import { describe, expect, it } from 'vitest';
import { OutputCapture, toText } from '../../../../src/agent/calls/output-capture.ts';
import { ProtocolError } from '../../../../src/agent/wire/codec.ts';

function captured(head: Buffer, tail: Buffer, omittedBytes: number): string {
  return toText({ head, tail, omittedBytes });
}

describe('captured output', () => {
  it('is the whole text where nothing was cut', () => {
    const capture = new OutputCapture({ headBytes: 4, tailBytes: 4 });
    capture.push(Buffer.from('ab'));
    capture.push(Buffer.from('cdef'));
    expect(toText(capture.finish({ omitted: 0 }))).toBe('abcdef');
  });

  it('keeps both ends and says how much is missing', () => {
    const capture = new OutputCapture({ headBytes: 3, tailBytes: 3 });
    capture.push(Buffer.from('abcxyz'));
    expect(toText(capture.finish({ omitted: 94 }))).toBe('abc\n[… 94 bytes of output left out …]\nxyz');
  });

  it('never shows half a character at a cut', () => {
    const euro = Buffer.from('€');
    expect(captured(Buffer.concat([Buffer.from('a'), euro.subarray(0, 2)]), Buffer.from('z'), 10)).toBe(
      'a\n[… 12 bytes of output left out …]\nz',
    );
    expect(captured(Buffer.from('a'), Buffer.concat([euro.subarray(1), Buffer.from('z')]), 10)).toBe(
      'a\n[… 12 bytes of output left out …]\nz',
    );
    expect(captured(euro, euro, 1)).toBe('€\n[… 1 bytes of output left out …]\n€');
  });

  it('replaces bytes that are not UTF-8', () => {
    expect(captured(Buffer.from([0x61, 0xff]), Buffer.alloc(0), 0)).toBe('a\ufffd');
  });

  it('that comes byte by byte costs what it is long', () => {
    const capture = new OutputCapture({ headBytes: 2 ** 20, tailBytes: 0 });
    const byte = Buffer.from('x');
    const before = process.memoryUsage();
    for (let sent = 0; sent < 2 ** 20; sent += 1) capture.push(byte);
    const after = process.memoryUsage();
    const grown = after.heapUsed - before.heapUsed + after.external - before.external;
    expect(grown).toBeLessThan(16 * 2 ** 20);
    expect(capture.finish({ omitted: 0 }).head.length).toBe(2 ** 20);
  });

  it('refuses more than was asked for', () => {
    const capture = new OutputCapture({ headBytes: 2, tailBytes: 2 });
    capture.push(Buffer.from('abcd'));
    expect(() => capture.push(Buffer.from('e'))).toThrow(ProtocolError);
    expect(toText(capture.finish({ omitted: 0 }))).toBe('abcd');
  });
});
