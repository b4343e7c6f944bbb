import { withDeadline } from '../../async/deadline.ts';
import type { EngineId, EngineSandbox } from '../engine.ts';

/** How long the end of this process may wait until Incus knows all names, in milliseconds. */
const SETTLE_MS = 2_000;

interface Given {
  readonly name: string;
  /** Resolves once Incus was told, or cannot be. */
  readonly told: Promise<void>;
}

/**
 * New names of sandboxes: they hold at once, and Incus is told behind that, as for a sandbox that runs it takes longer than all else of a
 * claim. Where it cannot be told, twice, the name holds as long as this process.
 */
export class GivenNames {
  readonly #given = new Map<EngineId, Given>();

  /** Gives it the name; `tell` tells Incus. */
  give(id: EngineId, name: string, tell: () => Promise<void>): void {
    const told = this.settled(id)
      .then(tell)
      .catch(tell)
      .then(
        () => {
          if (this.#given.get(id) === given) this.#given.delete(id);
        },
        () => undefined,
      );
    const given = { name, told };
    this.#given.set(id, given);
  }

  /** A sandbox as Incus knows it, under the name that it has. */
  named(sandbox: EngineSandbox): EngineSandbox {
    const name = this.#given.get(sandbox.id)?.name;
    return name === undefined ? sandbox : { ...sandbox, name };
  }

  /** Which sandbox has this name and Incus may not know it yet. */
  idOf(name: string): EngineId | undefined {
    for (const [id, given] of this.#given) if (given.name === name) return id;
    return undefined;
  }

  /** Waits until Incus was told of it: it refuses other changes meanwhile. */
  async settled(id: EngineId): Promise<void> {
    await this.#given.get(id)?.told;
  }

  /** Waits until it was told of all, for some seconds at most. */
  async allSettled(): Promise<void> {
    const all = Promise.all([...this.#given.values()].map(({ told }) => told));
    await withDeadline(all, SETTLE_MS, 'Incus has not taken all names.').catch(() => undefined);
  }

  /** Forgets a sandbox that is gone. */
  forget(id: EngineId): void {
    this.#given.delete(id);
  }
}
