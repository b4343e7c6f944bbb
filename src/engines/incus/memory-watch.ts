import type { EngineId } from '../engine.ts';
import type { ControlGroups } from './control-groups.ts';

const POLL_MS = 20;

interface Seen {
  readonly count: number;
  /** When the count was seen to have grown; -Infinity where it never was. */
  readonly grewAtMs: number;
}

/** Knows when memory last ran out in a sandbox: the kernel counts how often, and this when the count was seen to have grown. */
export class MemoryWatch {
  readonly #groups: Pick<ControlGroups, 'outOfMemoryCount'>;
  readonly #seen = new Map<EngineId, Seen>();

  constructor(groups: Pick<ControlGroups, 'outOfMemoryCount'>) {
    this.#groups = groups;
  }

  /** Looks now, and counts growth from what was seen before; a sandbox that is new here starts at none. */
  async look(id: EngineId): Promise<Seen> {
    const count = await this.#groups.outOfMemoryCount(id);
    const before = this.#seen.get(id) ?? { count: 0, grewAtMs: Number.NEGATIVE_INFINITY };
    if (count === null) return before;
    const now = count > before.count ? { count, grewAtMs: performance.now() } : { ...before, count };
    this.#seen.set(id, now);
    return now;
  }

  /** True where memory ran out within so many milliseconds before now, or does within the patience. */
  async ranOut(id: EngineId, withinMs: number, patienceMs: number): Promise<boolean> {
    const nowMs = performance.now();
    for (;;) {
      const { grewAtMs } = await this.look(id);
      if (grewAtMs > nowMs - withinMs && withinMs > 0) return true;
      if (performance.now() - nowMs >= patienceMs) return false;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Forgets a sandbox that is gone. */
  forget(id: EngineId): void {
    this.#seen.delete(id);
  }
}
