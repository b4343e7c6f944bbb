import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress, parseCidr, toIPv4 } from '../../../src/base/ip-address.ts';
import { type EgressPattern, matchesAddress, parsePattern } from '../../../src/egress/pattern.ts';

const address = (text: string) => {
  const parsed = parseAddress(text);
  if (!parsed) throw new Error(`${text} is no address`);
  return parsed;
};
const patterns = (...texts: string[]): EgressPattern[] =>
  texts.map((text) => {
    const pattern = parsePattern(text);
    if (!pattern) throw new Error(`${text} is no pattern`);
    return pattern;
  });

const ipv4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.'));

describe('a pattern', () => {
  it.each([
    '',
    ' ',
    'a:b:c',
    '*.',
    '**',
    '*.*',
    'ex*mple.org',
    '10.0.0.1/8',
    '10.0.0.0/33',
    'a.example:0',
    'a.example:70000',
  ])('%j is none', (text) => {
    expect(parsePattern(text)).toBeUndefined();
  });
  it.each(['a.example:9-8', 'http://a.example', '127.1', '[::1', '[a.example]:80', '*.10.0.0.1'])(
    '%j is none',
    (text) => {
      expect(parsePattern(text)).toBeUndefined();
    },
  );

  it('of a range matches exactly what is in it', () => {
    fc.assert(
      fc.property(ipv4, ipv4, fc.nat(32), (base, other, prefix) => {
        const mask = prefix === 0 ? 0n : (0xffff_ffffn << BigInt(32 - prefix)) & 0xffff_ffffn;
        const network = toIPv4(address(base).value & mask).text;
        expect(parseCidr(`${network}/${prefix}`)).toBeDefined();
        const [pattern] = patterns(`${network}/${prefix}:80-90`);
        if (!pattern) throw new Error('no pattern');
        const isIn = (address(other).value & mask) === address(network).value;
        expect(matchesAddress(pattern, address(other), 85)).toBe(isIn);
        expect(matchesAddress(pattern, address(other), 79)).toBe(false);
        expect(matchesAddress(pattern, address(other), 91)).toBe(false);
      }),
    );
  });
});
