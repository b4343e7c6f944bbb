import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from '../../../src/egress/address-class.ts';
import { embeddedIPv4 } from '../../../src/egress/embedded-ipv4.ts';
import { parseHost } from '../../../src/egress/host.ts';
import { type EgressPattern, matchesAddress, parsePattern } from '../../../src/egress/pattern.ts';
import { EgressPolicy, type LocalHost } from '../../../src/egress/policy.ts';
import { type Address, parseAddress, parseCidr, toIPv4 } from '../../../src/ip-address.ts';

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

describe('a host', () => {
  it.each([
    ['Example.ORG.', 'example.org'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['localhost', 'localhost'],
    ['a_b.example', 'a_b.example'],
  ])('%s is the name %s', (text, name) => {
    expect(parseHost(text)).toEqual({ kind: 'name', name });
  });

  it.each(['[::1]', '::1', '127.0.0.1', '127.0.0.1.'])('%s is an address', (text) => {
    expect(parseHost(text)?.kind).toBe('address');
  });

  it.each([
    '',
    '.',
    'a..b',
    'example.org..',
    '127.1',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '0177.0.0.1',
    '1.2.3.0x',
    'fe80::1%eth0',
    '[fe80::1%25lo]',
    '[127.0.0.1]',
    'a b',
    'a/b',
    'user@host',
    '-a.example',
    '/var/run/docker.sock',
    '１２７.０.０.１:80',
    'x'.repeat(300),
    `${'a.'.repeat(127)}example`,
  ])('%j is none', (text) => {
    expect(parseHost(text)).toBeUndefined();
  });

  it('is a plain name or a plain address, or nothing, whatever is asked', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain(), fc.ipV4Extended(), fc.webAuthority()), (text) => {
        const parsed = parseHost(text);
        if (parsed?.kind !== 'name') return;
        expect(parsed.name).toMatch(/^[a-z0-9_.-]+$/);
        // What Node itself would connect to without a lookup is never taken for a name.
        expect(isIPv4(parsed.name) || isIPv6(parsed.name)).toBe(false);
        const asUrl = URL.canParse(`http://${parsed.name}/`) ? new URL(`http://${parsed.name}/`).hostname : parsed.name;
        expect(isIPv4(asUrl)).toBe(false);
      }),
    );
  });
});

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
