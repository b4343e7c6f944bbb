import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress, toIPv4 } from '../../../src/base/ip-address.ts';

const address = (text: string) => {
  const parsed = parseAddress(text);
  if (!parsed) throw new Error(`${text} is no address`);
  return parsed;
};

const ipv4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.'));
describe('an address', () => {
  it('is read exactly where Node takes it for one, and back to the same text', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, fc.ipV4(), fc.ipV4Extended(), fc.string()), (text) => {
        expect(parseAddress(text)?.family === 4).toBe(isIPv4(text));
        if (isIPv4(text)) expect(toIPv4(address(text).value).text).toBe(text);
      }),
    );
  });

  it('of IPv6 has the same number in every spelling', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        fc.pre(isIPv6(text));
        const value = address(text).value;
        const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16));
        expect(address(groups.join(':')).value).toBe(value);
        expect(new URL(`http://[${text}]/`).hostname).toBe(new URL(`http://[${groups.join(':')}]/`).hostname);
      }),
    );
  });

  it.each([
    'fe80::1%eth0',
    '1.2.3',
    '01.2.3.4',
    '1.2.3.4.',
    '0x7f.0.0.1',
    '2130706433',
    '',
    '::1::',
    '1.2.3.256',
    ' 1.2.3.4',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});
