/** Lets one piece of work run at a time, in the order in which they asked. */
export class Mutex {
  #tail: Promise<void> = Promise.resolve();
  #holders = 0;

  get isFree(): boolean {
    return this.#holders === 0;
  }

  /** Runs the work when all before it is done; resolves or rejects as the work does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#tail;
    let release: () => void = () => undefined;
    this.#tail = new Promise((resolve) => {
      release = resolve;
    });
    this.#holders += 1;
    try {
      await before;
      return await work();
    } finally {
      this.#holders -= 1;
      release();
    }
  }
}
