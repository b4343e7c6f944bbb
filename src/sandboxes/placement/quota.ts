import { SandboxError } from '../../errors.ts';
import type { Creator, SandboxId } from '../address.ts';

/** Counts the sandboxes that exist by who made them, stopped ones included. */
export class Quota {
  readonly #made = new Map<string, Set<SandboxId>>();

  /** Counts a sandbox that exists. */
  add(creatorName: string, id: SandboxId): void {
    const made = this.#made.get(creatorName) ?? new Set();
    this.#made.set(creatorName, made.add(id));
  }

  /** Counts a sandbox that is about to be made; throws `too_many` where its maker has as many as it may. */
  take(creator: Creator, id: SandboxId): void {
    const count = this.#made.get(creator.name)?.size ?? 0;
    if (creator.maxSandboxes !== null && count >= creator.maxSandboxes) {
      const sandboxes = creator.maxSandboxes === 1 ? 'sandbox' : 'sandboxes';
      throw new SandboxError(
        'too_many',
        `The key ${creator.name} has its ${creator.maxSandboxes} ${sandboxes} already; delete one before it makes another.`,
      );
    }
    this.add(creator.name, id);
  }

  /** No longer counts a sandbox. */
  drop(creatorName: string, id: SandboxId): void {
    const made = this.#made.get(creatorName);
    made?.delete(id);
    if (made?.size === 0) this.#made.delete(creatorName);
  }
}
