import type { EngineId } from '../../engine.ts';
import type { IncusCalls } from '../incus-calls.ts';

/** Counts what memory has taken of sandboxes on other machines, whose control groups this process does not see. */
export class MemberCounters {
  readonly #callsOf: (id: EngineId) => Promise<IncusCalls>;

  constructor(callsOf: (id: EngineId) => Promise<IncusCalls>) {
    this.#callsOf = callsOf;
  }

  /** How often memory ran out in it since it started; null where its member does not say. */
  async outOfMemoryCount(id: EngineId): Promise<number | null> {
    try {
      const calls = await this.#callsOf(id);
      const { body } = await calls.getRaw('count what ran out of memory', '/1.0/metrics');
      const line = new RegExp(`^incus_memory_OOM_kills_total\\{[^}]*name="${id}"[^}]*\\} (\\d+)$`, 'm');
      const count = line.exec(body.toString())?.[1];
      return count === undefined ? null : Number(count);
    } catch {
      return null;
    }
  }

  /** Nothing is to be seen from here. */
  async stats(): Promise<null> {
    return null;
  }
}
