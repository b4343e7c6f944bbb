/** How long what is counted waits for the line with its numbers, in milliseconds. */
const FOLD_MS = 10_000;

/** Counts what gets no log line of its own; one line in ten seconds has the numbers. */
export class LineFold {
  readonly #write: (counts: Readonly<Record<string, number>>) => void;
  #counts: Record<string, number> = {};
  #timer: NodeJS.Timeout | undefined;

  /** `write` gets how many were counted under each name since it was last called. */
  constructor(write: (counts: Readonly<Record<string, number>>) => void) {
    this.#write = write;
  }

  /** Counts one; names are few, and none that a client or a sandbox makes up. */
  add(name: string): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
    this.#timer ??= setTimeout(() => this.flush(), FOLD_MS).unref();
  }

  /** Writes what is counted now, if there is anything: before the end of the log, or of what it is about. */
  flush(): void {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counts = this.#counts;
    this.#counts = {};
    this.#write(counts);
  }
}
