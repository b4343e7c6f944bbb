import type { Clock } from '../../async/clock.ts';
import { SandboxError } from '../../errors.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import type { Capacity } from '../placement/capacity.ts';
import type { Pool } from '../placement/pool.ts';
import type { Registry } from '../registry.ts';
import type { Sandbox } from '../sandbox.ts';
import type { Lifecycle } from './lifecycle.ts';

interface EvictorParts {
  readonly capacity: Capacity;
  readonly registry: Registry;
  readonly pool: Pool;
  readonly lifecycle: Lifecycle;
  readonly events: CoreEvents;
  readonly clock: Clock;
}

/** One that works is not stopped for another within so long of its last request, in milliseconds. */
const WORKING_MS = 60_000;

/** Makes room under the cap: gives up pooled sandboxes first, then stops the least recently used idle one that may be. */
export class Evictor {
  readonly #parts: EvictorParts;
  readonly #evictions = new Map<Sandbox, Promise<boolean>>();

  constructor(parts: EvictorParts) {
    this.#parts = parts;
  }

  /** Gives the sandbox a slot; throws `limit` only if no other may be stopped for it. */
  async reserve(sandbox: Sandbox): Promise<void> {
    const { capacity, pool } = this.#parts;
    while (!sandbox.hasSlot && capacity.isFull) {
      if (await pool.evictOne()) continue;
      const victim = this.#leastRecentlyUsedIdle(sandbox);
      if (victim) await this.#evict(victim);
      else if (this.#evictions.size > 0) await Promise.race(this.#evictions.values());
      else throw new SandboxError('limit', `Maximum containers (${capacity.max}) reached`, { retryAfterSeconds: 5 });
    }
    capacity.take(sandbox);
  }

  /** Stops a sandbox that nothing uses; false where something does. */
  async stopIfIdle(sandbox: Sandbox): Promise<boolean> {
    if (!sandbox.mayStop) return false;
    return await sandbox.mutex.run(async () => {
      const isUsed = sandbox.pausedAtMs === null ? sandbox.leases.count > 0 : sandbox.leases.hasForeground;
      if (isUsed) return false;
      await this.#parts.lifecycle.stop(sandbox);
      return true;
    });
  }

  #leastRecentlyUsedIdle(except: Sandbox): Sandbox | undefined {
    const { clock } = this.#parts;
    let oldest: Sandbox | undefined;
    for (const sandbox of this.#parts.registry.all()) {
      if (sandbox === except || !sandbox.hasSlot || !sandbox.mayStop) continue;
      if (!sandbox.life.yieldsAtCap && sandbox.pausedAtMs === null) continue;
      if (this.#evictions.has(sandbox)) continue;
      if (sandbox.isWorking && clock.monotonicMs() - sandbox.lastUsedMs < WORKING_MS) continue;
      if (!oldest || isBefore(sandbox, oldest)) oldest = sandbox;
    }
    return oldest;
  }

  async #evict(victim: Sandbox): Promise<void> {
    const eviction = this.stopIfIdle(victim).finally(() => this.#evictions.delete(victim));
    this.#evictions.set(victim, eviction);
    if (await eviction) this.#parts.events.emit({ type: 'eviction', sandboxId: victim.id });
  }
}

/** First those that are idle, then those that somebody had paused, then those that work; of each kind the one that was used, or paused, least recently. */
function isBefore(one: Sandbox, other: Sandbox): boolean {
  if (one.isWorking !== other.isWorking) return other.isWorking;
  if (one.pausedAtMs !== null && other.pausedAtMs !== null) return one.pausedAtMs < other.pausedAtMs;
  if (one.pausedAtMs !== other.pausedAtMs) return one.pausedAtMs === null;
  return one.lastUsedMs < other.lastUsedMs;
}
