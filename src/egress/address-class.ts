import { type Address, type Cidr, isWithin, parseCidr } from '../base/ip-address.ts';
import { embeddedIPv4 } from './embedded-ipv4.ts';

/**
 * `public`: routed in the Internet. `private`: of somebody's own network, as a package mirror is. `special`: everything else,
 * above all this machine, the link it is on, and the metadata service of a cloud.
 */
export type AddressClass = 'public' | 'private' | 'special';

/** Metadata and host services of clouds that lie in ranges which are otherwise public or private. */
const CLOUD_SERVICES = cidrs('100.100.100.200', '168.63.129.16', 'fd00:ec2::/32', 'fd20:ce::254');

/** RFC 1918, RFC 6598 (shared by carriers), RFC 4193. */
const PRIVATE = cidrs('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7');

/** The IANA registry of special-purpose IPv4 addresses: what is not globally reachable, multicast and class E with broadcast. */
const SPECIAL_IPV4 = cidrs(
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
);

const GLOBAL_IPV6 = cidrs('2000::/3');

/** Within 2000::/3: protocol assignments with Teredo and ORCHID, documentation, 6to4. */
const SPECIAL_IPV6 = cidrs('2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20');

/** RFC 6052: an IPv4 address behind a translator. */
const NAT64 = cidrs('64:ff9b::/96');

/** What kind of address it is, for itself; one that `translators` or everybody's prefix translates is public where the address behind it is. */
export function classify(address: Address, translators: readonly Cidr[] = []): AddressClass {
  if (isIn(CLOUD_SERVICES, address)) return 'special';
  if (address.family === 6 && (isIn(NAT64, address) || isIn(translators, address))) {
    const behind = embeddedIPv4(address, translators);
    return behind.every((meant) => classify(meant) === 'public') ? 'public' : 'special';
  }
  if (isIn(PRIVATE, address)) return 'private';
  if (address.family === 4) return isIn(SPECIAL_IPV4, address) ? 'special' : 'public';
  return isIn(GLOBAL_IPV6, address) && !isIn(SPECIAL_IPV6, address) ? 'public' : 'special';
}

function isIn(ranges: readonly Cidr[], address: Address): boolean {
  return ranges.some((range) => isWithin(range, address));
}

function cidrs(...texts: readonly string[]): readonly Cidr[] {
  return texts.map((text) => {
    const cidr = parseCidr(text);
    if (!cidr) throw new Error(`${text} is not a range of addresses.`);
    return cidr;
  });
}
