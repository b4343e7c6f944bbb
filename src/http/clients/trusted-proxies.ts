import { type Cidr, isWithin, parseAddress, toIPv4 } from '../../base/ip-address.ts';

/** True for the address of a proxy whose word about its clients' addresses is believed; the address may be gone. */
export type IsTrustedProxy = (address: string | undefined) => boolean;

/** Trusts exactly these ranges; an IPv4 address counts as one where it is written as IPv6 too. */
export function trustProxies(ranges: readonly Cidr[]): IsTrustedProxy {
  if (ranges.length === 0) return () => false;
  return (text) => {
    const address = text === undefined ? undefined : parseAddress(text);
    if (!address) return false;
    const isMapped = address.family === 6 && address.value >> 32n === 0xffffn;
    const meant = isMapped ? toIPv4(address.value & 0xffff_ffffn) : address;
    return ranges.some((range) => isWithin(range, meant));
  };
}
