import type { Address } from '../ip-address.ts';
import { classify, embeddedIPv4 } from './address-class.ts';
import type { Host } from './host.ts';
import { type EgressPattern, matchesAddress, matchesName } from './pattern.ts';

/** What the operator has configured; an empty `allow` stands for all public hosts. */
export interface EgressRules {
  readonly allow: readonly EgressPattern[];
  readonly deny: readonly EgressPattern[];
}

/** What the policy must know of the machine that dials. */
export interface Surroundings {
  /** True for an address of this machine itself. */
  isOwn(address: Address): boolean;
  /** True for a port of this machine that no rule opens: this server's own, and the engine's. */
  isGuarded(port: number): boolean;
}

/** Decides where a sandbox may connect to. Deny wins; a range opens whatever it holds; a name opens public and private addresses. */
export class EgressPolicy {
  readonly #rules: EgressRules;
  readonly #surroundings: Surroundings;
  readonly #narrowing: readonly EgressPattern[] | undefined;

  /** `narrowing`: what is left of all that to one sandbox, where it is given. */
  constructor(rules: EgressRules, surroundings: Surroundings, narrowing?: readonly EgressPattern[]) {
    this.#rules = rules;
    this.#surroundings = surroundings;
    this.#narrowing = narrowing;
  }

  /** False where no address could make the connection a permitted one, so that the name need not be looked up. */
  mayLookUp(name: string, port: number): boolean {
    const { allow, deny } = this.#rules;
    if (deny.some((pattern) => matchesName(pattern, name, port))) return false;
    const couldMatch = (pattern: EgressPattern) => pattern.kind === 'range' || matchesName(pattern, name, port);
    return (allow.length === 0 || allow.some(couldMatch)) && (this.#narrowing?.some(couldMatch) ?? true);
  }

  /** True where this host may be reached at this one of its addresses. */
  permits(host: Host, address: Address, port: number): boolean {
    if (this.#isDenied(host, address, port)) return false;
    if (this.#isThisMachine(address) && this.#surroundings.isGuarded(port)) return false;
    const isAbout = (pattern: EgressPattern) => isAboutEither(pattern, host, address, port);
    if (this.#narrowing && !this.#narrowing.some(isAbout)) return false;
    const { allow } = this.#rules;
    if (allow.some((pattern) => pattern.kind === 'range' && isAbout(pattern))) return true;
    const kind = this.#surroundings.isOwn(address) ? 'special' : classify(address);
    if (kind === 'public') return allow.length === 0 || allow.some(isAbout);
    return kind === 'private' && allow.some((pattern) => pattern.kind === 'name' && isAbout(pattern));
  }

  /** True where the operator has named the host, so that the names of this machine's own hosts file count for it too. */
  isNamed(name: string, port: number): boolean {
    return this.#rules.allow.some((pattern) => pattern.kind === 'name' && matchesName(pattern, name, port));
  }

  #isDenied(host: Host, address: Address, port: number): boolean {
    const behind = embeddedIPv4(address);
    return this.#rules.deny.some(
      (pattern) =>
        isAboutEither(pattern, host, address, port) || (behind !== undefined && matchesAddress(pattern, behind, port)),
    );
  }

  #isThisMachine(address: Address): boolean {
    if (address.family === 6 && address.value <= 1n) return true;
    const meant = embeddedIPv4(address) ?? address;
    return (meant.family === 4 && isLoopback(meant)) || this.#surroundings.isOwn(meant);
  }
}

function isAboutEither(pattern: EgressPattern, host: Host, address: Address, port: number): boolean {
  return (host.kind === 'name' && matchesName(pattern, host.name, port)) || matchesAddress(pattern, address, port);
}

/** 0.0.0.0 leads to this machine too. */
function isLoopback({ value }: Address): boolean {
  return value >> 24n === 127n || value >> 24n === 0n;
}
