import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toClient } from '../../../../src/http/clients/client-address.ts';

describe('what one client counts as', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:0:7:1:2:3:4', '2001:db8:0:7'],
    ['2001:0db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['fe80::1%br-lan.10', 'fe80:0:0:0'],
    ['fe80::1%veth_0-a', 'fe80:0:0:0'],
    [undefined, 'gone'],
  ])('%s is %s', (ip, client) => {
    expect(toClient(ip)).toBe(client);
  });

  it('is the same for all addresses of one network of 2^64', () => {
    const group = fc.nat(0xffff).map((value) => value.toString(16));
    const groups = (count: number) => fc.array(group, { minLength: count, maxLength: count });
    fc.assert(
      fc.property(groups(4), groups(4), (network, host) => {
        expect(toClient([...network, ...host].join(':'))).toBe(network.join(':'));
      }),
    );
  });
});
