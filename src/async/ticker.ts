import type { Clock } from './clock.ts';

/** How often a ticker looks what is due, in milliseconds. */
const TICK_MS = 500;

interface Task {
  readonly everyMs: number;
  readonly pass: () => Promise<void>;
  nextMs: number;
  running: Promise<void> | undefined;
}

/** Runs passes in the background, each at its own interval and never twice at the same time. */
export class Ticker {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #tasks: Task[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Adds a pass; the first is due `firstMs` after this call, at once where that is 0. */
  every(everyMs: number, pass: () => Promise<void>, firstMs = everyMs): void {
    this.#tasks.push({ everyMs, pass, nextMs: this.#clock.monotonicMs() + firstMs, running: undefined });
  }

  /** Begins with what is due. */
  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  /** Begins no more passes and waits for those under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#tasks.map(({ running }) => running));
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const task of this.#tasks) {
      if (task.running || nowMs < task.nextMs) continue;
      task.nextMs = nowMs + task.everyMs;
      task.running = task
        .pass()
        .catch(this.#onError)
        .finally(() => {
          task.running = undefined;
        });
    }
  }
}
