/** How long the agent may keep a transfer waiting; the time runs only while the agent is the one that is waited for. */
export class StallTimer {
  readonly #limitMs: number;
  readonly #onExpired: () => void;
  #timer: NodeJS.Timeout | undefined;
  #runningMs = 0;
  #isOver = false;

  constructor(limitMs: number, onExpired: () => void) {
    this.#limitMs = limitMs;
    this.#onExpired = onExpired;
    this.restart();
  }

  /** The agent has moved something, or is waited for from now on; `limitMs` is for a step that may take longer. */
  restart(limitMs = this.#limitMs): void {
    if (this.#isOver) return;
    if (this.#timer && this.#runningMs === limitMs) {
      this.#timer.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#runningMs = limitMs;
    this.#timer = setTimeout(() => {
      this.end();
      this.#onExpired();
    }, limitMs);
  }

  /** Somebody else is waited for. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The transfer is over, or is being ended. */
  end(): void {
    this.#isOver = true;
    this.pause();
  }
}
