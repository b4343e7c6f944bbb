import type { Address, Cidr } from '../base/ip-address.ts';
import { type AddressClass, classify } from './address-class.ts';
import { embeddedIPv4 } from './embedded-ipv4.ts';
import type { Host } from './host.ts';
import { type EgressPattern, matchesAddress, matchesName } from './pattern.ts';

/** Where mail servers take mail from each other: the one port that code of strangers has no good use for. */
export const MAIL_PORT = 25;

/** What the operator has configured; an empty `allow` stands for all public hosts. */
export interface EgressRules {
  readonly allow: readonly EgressPattern[];
  readonly deny: readonly EgressPattern[];
}

/** What is left to one sandbox: what `allow` names alone, or where `deny` is given all but that and what `allow` names. */
export interface Narrowing {
  readonly allow: readonly EgressPattern[];
  readonly deny: readonly EgressPattern[] | null;
}

/** What the policy must know of the machine that dials. */
export interface LocalHost {
  /** True for an address of this machine itself. */
  isOwn(address: Address): boolean;
  /** True for a port of this machine that no rule opens: this server's own, and the engine's. */
  isGuarded(port: number): boolean;
}

/**
 * Decides where a sandbox may connect to. Deny wins; a range opens whatever it holds; a name opens public and private addresses. The port
 * of mail servers is open to what an entry names with it.
 */
export class EgressPolicy {
  readonly #rules: EgressRules;
  readonly #localHost: LocalHost;
  readonly #narrowing: Narrowing | undefined;

  /** `narrowing`: what is left of all that to one sandbox, where it is given. */
  constructor(rules: EgressRules, localHost: LocalHost, narrowing?: Narrowing) {
    this.#rules = rules;
    this.#localHost = localHost;
    this.#narrowing = narrowing;
  }

  /** False where no address could make the connection a permitted one, so that the name need not be looked up. */
  mayLookUp(name: string, port: number): boolean {
    const { allow, deny } = this.#rules;
    if (deny.some((pattern) => matchesName(pattern, name, port))) return false;
    const couldMatch = (pattern: EgressPattern) => pattern.kind === 'range' || matchesName(pattern, name, port);
    if (port === MAIL_PORT && !allow.some((pattern) => pattern.hasPorts && couldMatch(pattern))) return false;
    if (allow.length > 0 && !allow.some(couldMatch)) return false;
    // What is denied by its address has a name all the same.
    return !this.#narrowing || this.#narrowing.deny !== null || this.#narrowing.allow.some(couldMatch);
  }

  /**
   * True where this host may be reached at this one of its addresses. Of an address of IPv6 that stands for one of IPv4, as behind the
   * network's `translators`, that one must be open too.
   */
  permits(host: Host, address: Address, port: number, translators: readonly Cidr[] = []): boolean {
    const behind = embeddedIPv4(address, translators);
    const meant = [address, ...behind];
    if (this.#isDenied(host, meant, port)) return false;
    if (this.#localHost.isGuarded(port) && meant.some((each) => this.#isThisMachine(each))) return false;
    const isAbout = (pattern: EgressPattern) => isAboutEither(pattern, host, address, port);
    if (!this.#isLeft(isAbout, (pattern) => meant.some((each) => isAboutEither(pattern, host, each, port))))
      return false;
    const { allow } = this.#rules;
    if (port === MAIL_PORT && !allow.some((pattern) => pattern.hasPorts && isAbout(pattern))) return false;
    if (!behind.every((each) => this.#isOpen(each, port))) return false;
    if (this.#isInAllowedRange(address, port)) return true;
    const kind = this.#classOf(address, translators);
    if (kind === 'public') return allow.length === 0 || allow.some(isAbout);
    return kind === 'private' && allow.some((pattern) => pattern.kind === 'name' && isAbout(pattern));
  }

  /** True where the operator has named the host, so that the names of this machine's own hosts file count for it too. */
  isNamed(name: string, port: number): boolean {
    return this.#rules.allow.some((pattern) => pattern.kind === 'name' && matchesName(pattern, name, port));
  }

  /** True for what the narrowing leaves; `isMeant` also asks after what an address stands for. */
  #isLeft(isAbout: (pattern: EgressPattern) => boolean, isMeant: (pattern: EgressPattern) => boolean): boolean {
    if (!this.#narrowing || this.#narrowing.allow.some(isAbout)) return true;
    return this.#narrowing.deny !== null && !this.#narrowing.deny.some(isMeant);
  }

  #isDenied(host: Host, meant: readonly Address[], port: number): boolean {
    return this.#rules.deny.some((pattern) => meant.some((address) => isAboutEither(pattern, host, address, port)));
  }

  /** True for what is open by its address alone. */
  #isOpen(address: Address, port: number): boolean {
    return this.#classOf(address) === 'public' || this.#isInAllowedRange(address, port);
  }

  #isInAllowedRange(address: Address, port: number): boolean {
    return this.#rules.allow.some((pattern) => pattern.kind === 'range' && matchesAddress(pattern, address, port));
  }

  #classOf(address: Address, translators?: readonly Cidr[]): AddressClass {
    return this.#localHost.isOwn(address) ? 'special' : classify(address, translators);
  }

  #isThisMachine(address: Address): boolean {
    if (address.family === 6 && address.value <= 1n) return true;
    return (address.family === 4 && isLoopback(address)) || this.#localHost.isOwn(address);
  }
}

function isAboutEither(pattern: EgressPattern, host: Host, address: Address, port: number): boolean {
  return (host.kind === 'name' && matchesName(pattern, host.name, port)) || matchesAddress(pattern, address, port);
}

/** 0.0.0.0 leads to this machine too. */
function isLoopback({ value }: Address): boolean {
  return value >> 24n === 127n || value >> 24n === 0n;
}
