import type { EgressPattern } from '../pattern.ts';
import { matchesName } from '../pattern.ts';
import type { CertificateAuthority } from './authority.ts';

/** What a sandbox has a placeholder for, and the hosts that get the value in its place. */
export interface EgressSecret {
  readonly placeholder: string;
  readonly value: string;
  /** Names of hosts, each with one port. */
  readonly hosts: readonly EgressPattern[];
  /** The header in which it is replaced, in lower case; null for those that usually hold a key. */
  readonly header: string | null;
  /** True where it is replaced in the query of a URL too. */
  readonly isInQuery: boolean;
}

/** The secrets of a sandbox, and who vouches there for the hosts that get them. */
export interface HeldSecrets {
  readonly authority: CertificateAuthority;
  readonly secrets: readonly EgressSecret[];
}

/** Those that this host gets on this port. */
export function secretsFor(secrets: readonly EgressSecret[], name: string, port: number): readonly EgressSecret[] {
  return secrets.filter(({ hosts }) => hosts.some((pattern) => matchesName(pattern, name, port)));
}
