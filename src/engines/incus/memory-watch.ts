import type { EngineId } from '../engine.ts';
import type { ControlGroups } from './control-groups.ts';

const POLL_MS = 20;

/** When the count of a sandbox has not grown since it is watched. */
const NEVER = Number.NEGATIVE_INFINITY;

interface Seen {
  readonly count: number;
  /** When the count was seen to have grown; -Infinity where it never was. */
  readonly grewAtMs: number;
}

/**
 * Knows when memory last ran out in a sandbox. The kernel counts how often and says not when: that is some time between two looks, and
 * taken for the later one. What was counted before the first look is nobody's news.
 */
export class MemoryWatch {
  readonly #groups: Pick<ControlGroups, 'outOfMemoryCount'>;
  readonly #seen = new Map<EngineId, Seen>();

  constructor(groups: Pick<ControlGroups, 'outOfMemoryCount'>) {
    this.#groups = groups;
  }

  /** Says that it was started at this moment, from which on the kernel counts anew. */
  begin(id: EngineId): void {
    this.#seen.set(id, { count: 0, grewAtMs: NEVER });
  }

  /** Looks once at a sandbox that somebody else has started. */
  async adopt(id: EngineId): Promise<void> {
    if (!this.#seen.has(id)) await this.look(id);
  }

  /** Looks now, so that growth from here on is told from growth before. */
  async look(id: EngineId): Promise<void> {
    const told = await this.#groups.outOfMemoryCount(id);
    if (told === null) return;
    const before = this.#seen.get(id);
    // A look that is slow may tell what was so before another one.
    const count = Math.max(told, before?.count ?? 0);
    const isNews = before !== undefined && count > before.count;
    this.#seen.set(id, { count, grewAtMs: isNews ? performance.now() : (before?.grewAtMs ?? NEVER) });
  }

  /** True where memory ran out after a moment on the clock of `performance.now()`, or does in the next `waitMs`. */
  async ranOut(id: EngineId, sinceMs: number, waitMs: number): Promise<boolean> {
    const nowMs = performance.now();
    for (;;) {
      await this.look(id);
      const grewAtMs = this.#seen.get(id)?.grewAtMs ?? NEVER;
      if (grewAtMs > sinceMs) return true;
      if (performance.now() - nowMs >= waitMs) return false;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Forgets a sandbox that is gone. */
  forget(id: EngineId): void {
    this.#seen.delete(id);
  }
}
