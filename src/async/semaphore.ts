import { createDeferred, type Deferred } from './deferred.ts';

/** Lets N pieces of work run at a time, the others in the order in which they came. */
export class Semaphore {
  readonly #waiting: Deferred<void>[] = [];
  readonly #places: number;
  #free: number;

  constructor(places: number) {
    this.#places = places;
    this.#free = places;
  }

  /** True while any work runs or waits. */
  get isInUse(): boolean {
    return this.#free < this.#places;
  }

  /** Runs the work when there is a place for it; resolves or rejects as the work does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else {
      const turn = createDeferred<void>();
      this.#waiting.push(turn);
      await turn.promise;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next.resolve();
      else this.#free += 1;
    }
  }
}
