import { keyNameOf, type Principal } from '../../auth/principal.ts';
import { SandboxError } from '../../errors.ts';
import type { SandboxId } from '../address.ts';

/** More kept sandboxes than these are not named. */
const MAX_KEPT_IDS = 1_000;

/** Counts the sandboxes that have files by the key that made them: those that run, those that are stopped, and those that were deleted and keep them. */
export class Quota {
  readonly #made = new Map<string, Set<SandboxId>>();

  /** Counts a sandbox that has files. */
  add(principalName: string, id: SandboxId): void {
    const keyName = keyNameOf(principalName);
    const made = this.#made.get(keyName) ?? new Set();
    this.#made.set(keyName, made.add(id));
  }

  /** Counts a sandbox that is about to be made; false where its maker has as many as it may. */
  take({ name, maxSandboxes }: Principal, id: SandboxId): boolean {
    const made = this.#made.get(keyNameOf(name));
    if (maxSandboxes !== null && !made?.has(id) && (made?.size ?? 0) >= maxSandboxes) return false;
    this.add(name, id);
    return true;
  }

  /** No longer counts a sandbox. */
  drop(principalName: string, id: SandboxId): void {
    const keyName = keyNameOf(principalName);
    const made = this.#made.get(keyName);
    made?.delete(id);
    if (made?.size === 0) this.#made.delete(keyName);
  }
}

/** Tells the maker of a sandbox that it has as many as it may; `keptIds` are those that were deleted and keep their files. */
export function quotaError({ name, maxSandboxes }: Principal, keptIds: readonly string[]): SandboxError {
  const sandboxes = maxSandboxes === 1 ? 'sandbox' : 'sandboxes';
  const advice =
    keptIds.length === 0
      ? 'delete one with its files (?files=true) before it makes another.'
      : `delete one with its files (?files=true) before it makes another; ${keptIds.length} of them ${keptIds.length === 1 ? 'is' : 'are'} deleted and kept for the files alone.`;
  const sentence = `The key ${keyNameOf(name)} has its ${maxSandboxes} ${sandboxes} already; ${advice}`;
  return new SandboxError('too_many', sentence, { keptIds: keptIds.slice(0, MAX_KEPT_IDS) });
}
