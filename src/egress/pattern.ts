import { type Address, type Cidr, isWithin, parseCidr } from '../base/ip-address.ts';
import { parseHost } from './host.ts';

interface Ports {
  readonly from: number;
  readonly to: number;
  /** True where the entry says which ports. */
  readonly hasPorts: boolean;
}

/** Connections that a rule is about: by name (`*.` for all below it), by address range, or all of them (`*`). */
export type EgressPattern = Ports &
  (
    | { readonly kind: 'any' }
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'below'; readonly suffix: string }
    | { readonly kind: 'range'; readonly cidr: Cidr }
  );

const ALL_PORTS: Ports = { from: 1, to: 65_535, hasPorts: false };

/**
 * Reads `*`, `example.org`, `*.example.org`, `10.0.0.0/8`, `10.0.0.5`, `fd00::/8`, each with `:port` or `:port-port` if wanted (IPv6 then
 * in brackets: `[fd00::/8]:443`); undefined for anything else.
 */
export function parsePattern(text: string): EgressPattern | undefined {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed) return rangeOn(bracketed[1] ?? '', bracketed[2]);
  if (text.split(':').length > 2) return rangeOn(text, undefined);
  const [subject = '', portText] = text.split(':');
  const range = rangeOn(subject, portText);
  if (range) return range;
  const ports = parsePorts(portText);
  if (!ports) return undefined;
  if (subject === '*') return { kind: 'any', ...ports };
  const isWildcard = subject.startsWith('*.');
  const host = parseHost(isWildcard ? subject.slice(2) : subject);
  if (host?.kind !== 'name') return undefined;
  return isWildcard
    ? { kind: 'below', suffix: `.${host.name}`, ...ports }
    : { kind: 'name', name: host.name, ...ports };
}

/** True where the pattern is about this name; never for a pattern of addresses. */
export function matchesName(pattern: EgressPattern, name: string, port: number): boolean {
  if (port < pattern.from || port > pattern.to) return false;
  if (pattern.kind === 'name') return pattern.name === name;
  if (pattern.kind === 'below') return name.endsWith(pattern.suffix);
  return pattern.kind === 'any';
}

/** True where the pattern is about this address; never for a pattern of names. */
export function matchesAddress(pattern: EgressPattern, address: Address, port: number): boolean {
  if (port < pattern.from || port > pattern.to) return false;
  return pattern.kind === 'any' || (pattern.kind === 'range' && isWithin(pattern.cidr, address));
}

function rangeOn(subject: string, portText: string | undefined): EgressPattern | undefined {
  const cidr = parseCidr(subject);
  const ports = parsePorts(portText);
  return cidr && ports ? { kind: 'range', cidr, ...ports } : undefined;
}

function parsePorts(text: string | undefined): Ports | undefined {
  if (text === undefined) return ALL_PORTS;
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return from >= 1 && from <= to && to <= 65_535 ? { from, to, hasPorts: true } : undefined;
}
