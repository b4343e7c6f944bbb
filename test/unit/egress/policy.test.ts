import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, parseAddress, parseCidr } from '../../../src/base/ip-address.ts';
import { classify } from '../../../src/egress/address-class.ts';
import { parseHost } from '../../../src/egress/host.ts';
import { type EgressPattern, parsePattern } from '../../../src/egress/pattern.ts';
import { EgressPolicy, type LocalHost } from '../../../src/egress/policy.ts';

const address = (text: string) => {
  const parsed = parseAddress(text);
  if (!parsed) throw new Error(`${text} is no address`);
  return parsed;
};
const cidr = (text: string) => {
  const parsed = parseCidr(text);
  if (!parsed) throw new Error(`${text} is no range`);
  return parsed;
};
const host = (text: string) => {
  const parsed = parseHost(text);
  if (!parsed) throw new Error(`${text} is no host`);
  return parsed;
};
const patterns = (...texts: string[]): EgressPattern[] =>
  texts.map((text) => {
    const pattern = parsePattern(text);
    if (!pattern) throw new Error(`${text} is no pattern`);
    return pattern;
  });

const NOWHERE: LocalHost = { isOwn: () => false, isGuarded: () => false };

function policy(allow: string[], deny: string[] = [], localHost = NOWHERE, narrowing?: string[]) {
  const rules = { allow: patterns(...allow), deny: patterns(...deny) };
  return new EgressPolicy(rules, localHost, narrowing ? { allow: patterns(...narrowing), deny: null } : undefined);
}

const ipv4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.'));

function hex(quad: string): string {
  const { value } = address(quad);
  return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

function hexInverted(quad: string): string {
  const value = ~address(quad).value & 0xffff_ffffn;
  return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

describe('the policy', () => {
  it('permits only public addresses where nothing is configured', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, fc.ipV6().filter(isIPv6)), fc.integer({ min: 1, max: 65_535 }), (text, port) => {
        const target = address(text);
        const isPublic = classify(target) === 'public' && port !== 25;
        expect(policy([]).permits(host('any.example'), target, port)).toBe(isPublic);
        expect(policy(['*']).permits(host('any.example'), target, port)).toBe(isPublic);
      }),
    );
  });

  it('lets deny win over every allow, also for the address behind a translated one', () => {
    const denied = policy(['*', '8.0.0.0/8', 'a.example'], ['8.8.8.8', 'b.example', '*.c.example:443']);
    expect(denied.permits(host('a.example'), address('8.8.4.4'), 443)).toBe(true);
    expect(denied.permits(host('a.example'), address('8.8.8.8'), 443)).toBe(false);
    expect(denied.permits(host('a.example'), address('64:ff9b::8.8.8.8'), 443)).toBe(false);
    expect(denied.permits(host('b.example'), address('8.8.4.4'), 443)).toBe(false);
    expect(denied.mayLookUp('b.example', 443)).toBe(false);
    expect(denied.permits(host('x.c.example'), address('8.8.4.4'), 443)).toBe(false);
    expect(denied.permits(host('x.c.example'), address('8.8.4.4'), 80)).toBe(true);
    expect(denied.permits(host('c.example'), address('8.8.4.4'), 443)).toBe(true);
  });

  it('with an allow list permits nothing else, and looks nothing else up', () => {
    const listed = policy(['a.example', '*.b.example:443']);
    expect(listed.permits(host('a.example'), address('8.8.8.8'), 1)).toBe(true);
    expect(listed.permits(host('x.b.example'), address('8.8.8.8'), 443)).toBe(true);
    expect(listed.permits(host('x.b.example'), address('8.8.8.8'), 80)).toBe(false);
    expect(listed.permits(host('b.example'), address('8.8.8.8'), 443)).toBe(false);
    expect(listed.permits(host('evilb.example'), address('8.8.8.8'), 443)).toBe(false);
    expect(listed.permits(host('8.8.8.8'), address('8.8.8.8'), 443)).toBe(false);
    expect(listed.mayLookUp('secret.evil.example', 443)).toBe(false);
  });

  it('opens a private address to an exact name or a range, never to a wildcard; a special one to a range only', () => {
    const mirror = policy(['mirror.example', '*.b.example', '10.1.0.0/16:3141', '127.0.0.1:80']);
    expect(mirror.permits(host('mirror.example'), address('10.0.0.5'), 443)).toBe(true);
    expect(mirror.permits(host('mirror.example'), address('127.0.0.1'), 443)).toBe(false);
    expect(mirror.permits(host('mirror.example'), address('169.254.169.254'), 80)).toBe(false);
    expect(mirror.permits(host('x.b.example'), address('10.0.0.5'), 443)).toBe(false);
    expect(mirror.permits(host('10.1.2.3'), address('10.1.2.3'), 3141)).toBe(true);
    expect(mirror.permits(host('10.1.2.3'), address('10.1.2.3'), 22)).toBe(false);
    expect(mirror.permits(host('anything.example'), address('127.0.0.1'), 80)).toBe(true);
  });

  it("never opens this server's own ports on this machine, whatever is allowed", () => {
    const localHost = {
      isOwn: ({ text }: { text: string }) => text === '8.8.8.8',
      isGuarded: (port: number) => port === 8080,
    };
    const open = policy(['*', '0.0.0.0/0', '::/0'], [], localHost);
    for (const own of [
      '127.0.0.1',
      '127.9.9.9',
      '0.0.0.0',
      '8.8.8.8',
      '::1',
      '::',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
    ]) {
      expect(open.permits(host('a.example'), address(own), 8080)).toBe(false);
      expect(open.permits(host('a.example'), address(own), 81)).toBe(true);
    }
    expect(policy([], [], localHost).permits(host('a.example'), address('8.8.8.8'), 81)).toBe(false);
    expect(open.permits(host('a.example'), address('8.8.4.4'), 8080)).toBe(true);
  });

  /** Every way in which an IPv6 address can stand for one of IPv4, also with the prefix of one network's translator. */
  const DISGUISES: readonly [string, (quad: string) => string][] = [
    ['NAT64', (quad) => `64:ff9b::${quad}`],
    ['NAT64 of one network', (quad) => `2a00:1:2:3:4:5:${hex(quad)}`],
    ['ISATAP', (quad) => `2a00:9::5efe:${quad}`],
    ['ISATAP of a public address', (quad) => `2a00:9::200:5efe:${quad}`],
    ['an IPv4-mapped address', (quad) => `::ffff:${quad}`],
    ['an IPv4-compatible address', (quad) => `::${quad}`],
    ['an IPv4-translated address', (quad) => `::ffff:0:${quad}`],
    ['NAT64 for local use', (quad) => `64:ff9b:1::${quad}`],
    ['6to4', (quad) => `2002:${hex(quad)}::1`],
    ['the client of Teredo', (quad) => `2001:0:808:808:0:0:${hexInverted(quad)}`],
    ['the server of Teredo', (quad) => `2001:0:${hex(quad)}:0:0:f7f7:f7f7`],
  ];
  const translators = [cidr('2a00:1:2:3:4:5::/96')];

  it.each(DISGUISES)('refuses this machine, its own public address too, as %s', (_what, disguise) => {
    const localHost = {
      isOwn: ({ text }: Address) => text === '9.9.9.9',
      isGuarded: (port: number) => port === 8080,
    };
    for (const rules of [policy([], [], localHost), policy(['*'], [], localHost), policy(['::/0'], [], localHost)]) {
      for (const quad of ['9.9.9.9', '127.0.0.1', '10.0.0.1', '169.254.169.254', '100.100.100.200']) {
        expect(rules.permits(host('a.example'), address(disguise(quad)), 80, translators)).toBe(false);
      }
    }
    const open = policy(['::/0', '0.0.0.0/0'], [], localHost);
    expect(open.permits(host('a.example'), address(disguise('9.9.9.9')), 80, translators)).toBe(true);
    expect(open.permits(host('a.example'), address(disguise('9.9.9.9')), 8080, translators)).toBe(false);
    const denied = policy(['::/0', '0.0.0.0/0'], ['9.9.9.0/24']);
    expect(denied.permits(host('a.example'), address(disguise('9.9.9.9')), 80, translators)).toBe(false);
  });

  it('permits what a translator makes of a public address', () => {
    for (const text of ['64:ff9b::8.8.4.4', '2a00:1:2:3:4:5:808:404']) {
      expect(policy([]).permits(host('a.example'), address(text), 443, translators)).toBe(true);
    }
  });

  it.each([
    [[], false],
    [['*'], false],
    [['mail.example'], false],
    [['8.8.0.0/16'], false],
    [['*:25'], true],
    [['mail.example:25'], true],
    [['*.example:20-30'], true],
    [['8.8.0.0/16:25'], true],
    [['*', 'other.test:25'], false],
    [['*', 'mail.example:587'], false],
  ])('with %j in the allow list says %s to the port of mail servers', (allow, isOpen) => {
    expect(policy(allow).permits(host('mail.example'), address('8.8.8.8'), 25)).toBe(isOpen);
    if (!allow.some((entry) => entry.startsWith('8.'))) {
      expect(policy(allow).mayLookUp('mail.example', 25)).toBe(isOpen);
    }
    expect(policy(allow, ['mail.example']).permits(host('mail.example'), address('8.8.8.8'), 25)).toBe(false);
    expect(policy(allow, [], NOWHERE, ['*:25']).permits(host('mail.example'), address('8.8.8.8'), 25)).toBe(isOpen);
    expect(policy(allow, [], NOWHERE, ['b.test']).permits(host('mail.example'), address('8.8.8.8'), 25)).toBe(false);
  });

  it('of one sandbox denies ranges, of which some may be left', () => {
    const narrowing = { allow: patterns('8.8.8.8', 'open.example.org'), deny: patterns('8.0.0.0/8') };
    const narrowed = new EgressPolicy({ allow: [], deny: patterns('9.9.9.9') }, NOWHERE, narrowing);
    const permits = (ip: string, name = ip) => narrowed.permits(host(name), address(ip), 443);
    expect([permits('8.8.4.4'), permits('8.8.8.8'), permits('1.1.1.1')]).toEqual([false, true, true]);
    expect([permits('8.8.4.4', 'open.example.org'), permits('8.8.4.4', 'other.example.org')]).toEqual([true, false]);
    expect([permits('9.9.9.9'), permits('10.0.0.1'), permits('64:ff9b::8.8.4.4')]).toEqual([false, false, false]);
    expect(narrowed.mayLookUp('other.example.org', 443)).toBe(true);
  });

  it('of one sandbox only narrows that of the server', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('a.example', 'b.example', '8.8.8.8', '10.0.0.1', '127.0.0.1'),
        fc.constantFrom('8.8.8.8', '10.0.0.1', '127.0.0.1', '::1'),
        fc.subarray(['*', 'a.example', '*.example', '10.0.0.0/8', '0.0.0.0/0:80']),
        fc.subarray(['*', 'a.example', '*.example', '10.0.0.0/8', '0.0.0.0/0', '::/0']),
        fc.constantFrom(80, 443),
        (name, ip, allow, narrowing, port) => {
          const narrowed = policy(allow, [], NOWHERE, narrowing).permits(host(name), address(ip), port);
          const whole = policy(allow).permits(host(name), address(ip), port);
          expect(!narrowed || whole).toBe(true);
          expect(policy(allow, [], NOWHERE, []).permits(host(name), address(ip), port)).toBe(false);
        },
      ),
    );
    expect(policy([], [], NOWHERE, ['a.example']).permits(host('a.example'), address('8.8.8.8'), 443)).toBe(true);
    expect(policy([], [], NOWHERE, ['a.example']).permits(host('b.example'), address('8.8.8.8'), 443)).toBe(false);
  });
});
