import { SandboxError } from '../../errors.ts';
import type { Sandbox } from '../sandbox.ts';

/** What counts against the cap while `hasSlot` is true. */
export interface SlotHolder {
  hasSlot: boolean;
}

/** Counts running sandboxes against the cap and makes room by stopping the least recently used idle one. */
export class Capacity {
  readonly max: number;
  readonly #sandboxes: () => Iterable<Sandbox>;
  /** Stops an idle sandbox, which gives its slot back; false where it was no longer idle. */
  readonly #evict: (sandbox: Sandbox) => Promise<boolean>;
  /** Gives up a sandbox that waits for an owner; false where none does. */
  readonly #shrinkPool: () => Promise<boolean>;
  readonly #evictions = new Map<Sandbox, Promise<boolean>>();
  #used = 0;

  constructor(
    max: number,
    sandboxes: () => Iterable<Sandbox>,
    evict: (sandbox: Sandbox) => Promise<boolean>,
    shrinkPool: () => Promise<boolean>,
  ) {
    this.max = max;
    this.#sandboxes = sandboxes;
    this.#evict = evict;
    this.#shrinkPool = shrinkPool;
  }

  /** How many slots sandboxes with an owner have. */
  get usedByOwners(): number {
    let count = 0;
    for (const sandbox of this.#sandboxes()) if (sandbox.hasSlot) count += 1;
    return count;
  }

  /** Gives the sandbox a slot; throws `limit` only if every other one is busy. */
  async reserve(sandbox: Sandbox): Promise<void> {
    while (!sandbox.hasSlot && this.#used >= this.max) {
      if (await this.#shrinkPool()) continue;
      const victim = this.#leastRecentlyUsedIdle(sandbox);
      if (victim) await this.#startEviction(victim);
      else if (this.#evictions.size > 0) await Promise.race(this.#evictions.values());
      else {
        throw new SandboxError('limit', `Maximum containers (${this.max}) reached`, { retryAfterSeconds: 5 });
      }
    }
    this.take(sandbox);
  }

  /** Gives out a slot only if that needs no eviction. */
  takeIfFree(holder: SlotHolder): boolean {
    if (this.#used >= this.max) return false;
    this.take(holder);
    return true;
  }

  /** Counts a sandbox that runs already, even over the cap. */
  take(sandbox: SlotHolder): void {
    if (sandbox.hasSlot) return;
    sandbox.hasSlot = true;
    this.#used += 1;
  }

  release(sandbox: SlotHolder): void {
    if (!sandbox.hasSlot) return;
    sandbox.hasSlot = false;
    this.#used -= 1;
  }

  #leastRecentlyUsedIdle(except: Sandbox): Sandbox | undefined {
    let oldest: Sandbox | undefined;
    for (const sandbox of this.#sandboxes()) {
      if (sandbox === except || !sandbox.hasSlot || !sandbox.isIdle || this.#evictions.has(sandbox)) continue;
      if (!oldest || sandbox.lastUsedMs < oldest.lastUsedMs) oldest = sandbox;
    }
    return oldest;
  }

  async #startEviction(victim: Sandbox): Promise<void> {
    const eviction = this.#evict(victim).finally(() => this.#evictions.delete(victim));
    this.#evictions.set(victim, eviction);
    await eviction;
  }
}
