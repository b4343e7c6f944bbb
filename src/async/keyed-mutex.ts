import { Mutex } from './mutex.ts';

/** Lets one piece of work for each key run at a time, in the order in which they asked. */
export class KeyedMutex<Key> {
  readonly #mutexes = new Map<Key, Mutex>();

  /** True while work of this key runs or waits. */
  isBusy(key: Key): boolean {
    return this.#mutexes.has(key);
  }

  /** Runs the work when all before it of the same key is done; resolves or rejects as the work does. */
  async run<T>(key: Key, work: () => Promise<T>): Promise<T> {
    const mutex = this.#mutexes.get(key) ?? new Mutex();
    this.#mutexes.set(key, mutex);
    try {
      return await mutex.run(work);
    } finally {
      if (mutex.isFree) this.#mutexes.delete(key);
    }
  }
}
