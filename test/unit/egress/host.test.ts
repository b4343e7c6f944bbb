import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHost } from '../../../src/egress/host.ts';

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
