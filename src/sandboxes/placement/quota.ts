import type { Principal } from '../../auth/principal.ts';
import { SandboxError } from '../../errors.ts';
import type { SandboxId } from '../address.ts';

/** Counts the sandboxes that exist by who made them, stopped ones included. */
export class Quota {
  readonly #made = new Map<string, Set<SandboxId>>();

  /** Counts a sandbox that exists. */
  add(principalName: string, id: SandboxId): void {
    const made = this.#made.get(principalName) ?? new Set();
    this.#made.set(principalName, made.add(id));
  }

  /** Counts a sandbox that is about to be made; throws `too_many` where its maker has as many as it may. */
  take(principal: Principal, id: SandboxId): void {
    const count = this.#made.get(principal.name)?.size ?? 0;
    if (principal.maxSandboxes !== null && count >= principal.maxSandboxes) {
      const sandboxes = principal.maxSandboxes === 1 ? 'sandbox' : 'sandboxes';
      throw new SandboxError(
        'too_many',
        `The key ${principal.name} has its ${principal.maxSandboxes} ${sandboxes} already; delete one before it makes another.`,
      );
    }
    this.add(principal.name, id);
  }

  /** No longer counts a sandbox. */
  drop(principalName: string, id: SandboxId): void {
    const made = this.#made.get(principalName);
    made?.delete(id);
    if (made?.size === 0) this.#made.delete(principalName);
  }
}
