/** What a client of a gateway may have, as that gateway says. */
export interface ClientLimits {
  /** How many sandboxes that were made for it may exist; null for any number. */
  readonly maxSandboxes: number | null;
  /** What those may take of the disk together, in bytes; null for any size. */
  readonly maxDiskBytes: number | null;
}

/** No limits of its own. */
export const NO_LIMITS: ClientLimits = { maxSandboxes: null, maxDiskBytes: null };

/** A name that sandboxes count for, and what they may be together. */
export interface NamedLimits extends ClientLimits {
  readonly name: string;
}

/** What the clients of gateways may have: gateways say it with each request, and it holds for what else is done for their sandboxes. */
export class ToldLimits {
  readonly #told = new Map<string, ClientLimits>();

  /** Notes what a gateway says of the principal of this name, in the place of what it said before. */
  note(name: string, limits: ClientLimits): void {
    if (limits.maxSandboxes === null && limits.maxDiskBytes === null) this.#told.delete(name);
    else this.#told.set(name, limits);
  }

  /** Those of a principal, and of the gateways behind which it is, as far as there are any. */
  of(principalName: string): readonly NamedLimits[] {
    return namesOf(principalName).flatMap((name) => {
      const limits = this.#told.get(name);
      return limits ? [{ name, ...limits }] : [];
    });
  }
}

/** The names that what a principal makes counts for: its key's, then those of who is behind that, with a slash before each. */
export function namesOf(principalName: string): readonly string[] {
  const parts = principalName.split('/');
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
}

/** True where what a principal makes counts for this name. */
export function countsFor(principalName: string, name: string): boolean {
  return principalName === name || principalName.startsWith(`${name}/`);
}
