import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/base/ip-address.ts';
import { classify } from '../../../src/egress/address-class.ts';
import { embeddedIPv4 } from '../../../src/egress/embedded-ipv4.ts';

const address = (text: string) => {
  const parsed = parseAddress(text);
  if (!parsed) throw new Error(`${text} is no address`);
  return parsed;
};

const privateIpv4 = fc.oneof(
  fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map(([b, c, d]) => `10.${b}.${c}.${d}`),
  fc.tuple(fc.nat(255), fc.nat(255)).map(([c, d]) => `192.168.${c}.${d}`),
  fc.tuple(fc.integer({ min: 16, max: 31 }), fc.nat(255), fc.nat(255)).map(([b, c, d]) => `172.${b}.${c}.${d}`),
  fc.tuple(fc.integer({ min: 64, max: 127 }), fc.nat(255), fc.nat(255)).map(([b, c, d]) => `100.${b}.${c}.${d}`),
  fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map(([b, c, d]) => `127.${b}.${c}.${d}`),
  fc.tuple(fc.nat(255), fc.nat(255)).map(([c, d]) => `169.254.${c}.${d}`),
  fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map(([b, c, d]) => `0.${b}.${c}.${d}`),
  fc.tuple(fc.integer({ min: 224, max: 255 }), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.')),
);

describe('an address', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['100.63.255.255', 'public'],
    ['172.32.0.1', 'public'],
    ['2606:4700::1111', 'public'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['fd12::1', 'private'],
    ['127.0.0.1', 'special'],
    ['0.0.0.0', 'special'],
    ['169.254.169.254', 'special'],
    ['100.100.100.200', 'special'],
    ['168.63.129.16', 'special'],
    ['192.0.0.192', 'special'],
    ['192.0.2.1', 'special'],
    ['198.18.0.1', 'special'],
    ['198.51.100.1', 'special'],
    ['203.0.113.1', 'special'],
    ['224.0.0.1', 'special'],
    ['255.255.255.255', 'special'],
    ['::', 'special'],
    ['::1', 'special'],
    ['::7f00:1', 'special'],
    ['::ffff:127.0.0.1', 'special'],
    ['::ffff:8.8.8.8', 'special'],
    ['64:ff9b::10.0.0.1', 'special'],
    ['64:ff9b::a9fe:a9fe', 'special'],
    ['64:ff9b:1::1', 'special'],
    ['fd00:ec2::254', 'special'],
    ['fe80::1', 'special'],
    ['fec0::1', 'special'],
    ['ff02::1', 'special'],
    ['2001:db8::1', 'special'],
    ['2001::1', 'special'],
    ['2002:7f00:1::', 'special'],
    ['3fff::1', 'special'],
    ['100::1', 'special'],
  ])('%s is %s', (text, kind) => {
    expect(classify(address(text))).toBe(kind);
  });

  it('that is not public is not made so by IPv6', () => {
    const forms = [
      (quad: string) => `::ffff:${quad}`,
      (quad: string) => `::${quad}`,
      (quad: string) => `::ffff:0:${quad}`,
      (quad: string) => `64:ff9b::${quad}`,
      (quad: string) => `64:ff9b:1::${quad}`,
      (quad: string) => `2002:${hex(quad)}::1`,
      (quad: string) => `2001:0:1:2:3:4:${hexInverted(quad)}`,
    ];
    fc.assert(
      fc.property(privateIpv4, fc.constantFrom(...forms), (quad, form) => {
        expect(classify(address(quad))).not.toBe('public');
        expect(classify(address(form(quad)))).toBe('special');
        expect(embeddedIPv4(address(form(quad)), []).map(({ text }) => text)).toContain(quad);
      }),
    );
  });
});

function hex(quad: string): string {
  const { value } = address(quad);
  return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

function hexInverted(quad: string): string {
  const value = ~address(quad).value & 0xffff_ffffn;
  return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}
