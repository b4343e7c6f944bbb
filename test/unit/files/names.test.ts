import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameFromBytes, nameToBytes, showName } from '../../../src/files/names.ts';

describe('names of files', () => {
  it('keep any bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(bytes, (name) => {
        expect(nameToBytes(nameFromBytes(Buffer.from(name)))).toEqual(Buffer.from(name));
      }),
    );
  });

  it('are texts as the agent writes them', () => {
    const name = Buffer.concat([
      Buffer.from('\ufeffé😀'),
      Buffer.from([0xe9, 0xed, 0xa0, 0x80, 0xf0, 0x9f]),
      Buffer.from('x'),
    ]);
    expect(nameFromBytes(name)).toBe('\ufeffé😀\udce9\udced\udca0\udc80\udcf0\udc9fx');
  });

  it('are shown with their bytes where they are not UTF-8', () => {
    expect(showName('é')).toEqual({ shown: 'é', base64: null });
    expect(showName('caf\udce9')).toEqual({ shown: 'caf\ufffd', base64: 'Y2Fm6Q==' });
  });
});
