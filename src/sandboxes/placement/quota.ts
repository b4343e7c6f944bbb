import { type NamedLimits, namesOf } from '../../auth/client-limits.ts';
import { SandboxError } from '../../base/errors.ts';
import type { SandboxId } from '../../base/sandbox-address.ts';

/** More kept sandboxes than these are not named. */
const MAX_KEPT_IDS = 1_000;

/** How many sandboxes may exist that count for this name. */
export type SandboxLimit = Pick<NamedLimits, 'name' | 'maxSandboxes'>;

/** Counts the sandboxes that have files by the key that made them, and behind a gateway's by its client too: those that run, those that are stopped, and those that were deleted and keep them. */
export class Quota {
  readonly #made = new Map<string, Set<SandboxId>>();

  /** Counts a sandbox that has files. */
  add(principalName: string, id: SandboxId): void {
    for (const name of namesOf(principalName)) {
      const made = this.#made.get(name) ?? new Set();
      this.#made.set(name, made.add(id));
    }
  }

  /** Counts a sandbox that is about to be made within all limits of its maker; else what of them is reached. */
  take(principalName: string, limits: readonly SandboxLimit[], id: SandboxId): SandboxLimit | null {
    for (const limit of limits) {
      const made = this.#made.get(limit.name);
      if (limit.maxSandboxes !== null && !made?.has(id) && (made?.size ?? 0) >= limit.maxSandboxes) return limit;
    }
    this.add(principalName, id);
    return null;
  }

  /** No longer counts a sandbox. */
  drop(principalName: string, id: SandboxId): void {
    for (const name of namesOf(principalName)) {
      const made = this.#made.get(name);
      made?.delete(id);
      if (made?.size === 0) this.#made.delete(name);
    }
  }
}

/** Tells the maker of a sandbox that it has as many as it may; `keptIds` are those that were deleted and keep their files. */
export function quotaError({ name, maxSandboxes }: SandboxLimit, keptIds: readonly string[]): SandboxError {
  const sandboxes = maxSandboxes === 1 ? 'sandbox' : 'sandboxes';
  const advice =
    keptIds.length === 0
      ? 'delete one with its files (?files=true) before it makes another.'
      : `delete one with its files (?files=true) before it makes another; ${keptIds.length} of them ${keptIds.length === 1 ? 'is' : 'are'} deleted and kept for the files alone.`;
  const sentence = `The key ${name} has its ${maxSandboxes} ${sandboxes} already; ${advice}`;
  return new SandboxError('too_many', sentence, { keptIds: keptIds.slice(0, MAX_KEPT_IDS) });
}
