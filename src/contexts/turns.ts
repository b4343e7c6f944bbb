import { createDeferred } from '../async/deferred.ts';
import { KeyedMutex } from '../async/keyed-mutex.ts';

/** Lets what is read piece by piece have a turn of its own until all of it is read. */
export class Turns {
  readonly #mutex = new KeyedMutex<string>();

  /** What `run` gives, once all before it of the same key is read or left. */
  async *during<T>(key: string, run: () => AsyncGenerator<T>): AsyncGenerator<T> {
    const begun = createDeferred<void>();
    const over = createDeferred<void>();
    const turn = this.#mutex.run(key, async () => {
      begun.resolve();
      await over.promise;
    });
    try {
      await begun.promise;
      yield* run();
    } finally {
      over.resolve();
      await turn;
    }
  }
}
