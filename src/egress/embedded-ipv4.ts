import { type Address, type Cidr, isWithin, parseCidr, toIPv4 } from '../base/ip-address.ts';

const LOW_32_BITS = 0xffff_ffffn;

/** IPv4-compatible, mapped and translated (RFC 4291, RFC 2765), NAT64 of everybody (RFC 6052) and of one network (RFC 8215). */
const IN_LAST_BITS = ['::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48'].map(range);
const SIX_TO_FOUR = range('2002::/16');
const TEREDO = range('2001::/32');

/** The middle of an interface id that holds an IPv4 address (RFC 5214); the bit that is masked says whether that is a public one. */
const ISATAP = 0x5efen;
const ISATAP_MASK = 0xfdff_ffffn;

/**
 * The IPv4 addresses that an IPv6 address stands for: mapped, compatible, translated by NAT64, 6to4, ISATAP, and both of Teredo, its client
 * and its server. `translators` are the prefixes of NAT64 that this network has. None where the address stands for itself.
 */
export function embeddedIPv4(address: Address, translators: readonly Cidr[]): readonly Address[] {
  if (address.family === 4) return [];
  const { value } = address;
  const translator = translators.find((prefix) => isWithin(prefix, address));
  if (translator) return [translatedIPv4(address, translator.prefix)];
  if (isWithin(SIX_TO_FOUR, address)) return [low(value >> 80n)];
  if (isWithin(TEREDO, address)) return [low(~value), low(value >> 64n)];
  const isInLastBits =
    IN_LAST_BITS.some((carrier) => isWithin(carrier, address)) || ((value >> 32n) & ISATAP_MASK) === ISATAP;
  return isInLastBits ? [low(value)] : [];
}

/** The IPv4 address that follows a NAT64 prefix of this length, around the eight bits that it leaves out (RFC 6052, section 2.2). */
export function translatedIPv4({ value }: Address, prefixLength: number): Address {
  if (prefixLength === 96) return low(value);
  const withoutGap = ((value >> 64n) << 56n) | (value & ((1n << 56n) - 1n));
  return low(withoutGap >> BigInt(120 - 32 - prefixLength));
}

function low(value: bigint): Address {
  return toIPv4(value & LOW_32_BITS);
}

function range(text: string): Cidr {
  const cidr = parseCidr(text);
  if (!cidr) throw new Error(`${text} is not a range of addresses.`);
  return cidr;
}
