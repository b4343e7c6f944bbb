import { createDeferred, type Deferred } from '../../src/async/deferred.ts';

/** A point at which a call waits for the test. */
export interface Gate {
  /** Resolves when the call has come to the gate. */
  readonly reached: Promise<void>;
  release(): void;
}

interface HeldGate extends Gate {
  readonly arrival: Deferred<void>;
  readonly departure: Deferred<void>;
}

/** Gates by the name of the call; each holds one call, the earliest first. */
export class Gates {
  readonly #held = new Map<string, HeldGate[]>();
  readonly #all = new Set<HeldGate>();

  /** Puts up a gate for the next call of that name. */
  hold(name: string): Gate {
    const arrival = createDeferred<void>();
    const departure = createDeferred<void>();
    const gate = { arrival, departure, reached: arrival.promise, release: () => departure.resolve() };
    this.#held.set(name, [...(this.#held.get(name) ?? []), gate]);
    this.#all.add(gate);
    return gate;
  }

  /** For the fake: waits where there is a gate for this call. */
  async pass(name: string): Promise<void> {
    const gate = this.#held.get(name)?.shift();
    if (!gate) return;
    gate.arrival.resolve();
    await gate.departure.promise;
    this.#all.delete(gate);
  }

  /** Takes all gates down. */
  releaseAll(): void {
    for (const gate of this.#all) gate.release();
    this.#held.clear();
  }
}
