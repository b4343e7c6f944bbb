import type { FreezeClock } from '../wire/freeze-clock.ts';

/** Between two looks whether a sandbox is still frozen that should have moved something by now, in milliseconds at the least. */
const LOOK_MS = 1_000;

/** How long the agent may keep a transfer waiting; the time runs only while the agent is the one that is waited for, and not frozen. */
export class StallTimer {
  readonly #limitMs: number;
  readonly #freezes: FreezeClock;
  readonly #onExpired: () => void;
  #frozenMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #runningMs = 0;
  #isOver = false;

  constructor(limitMs: number, freezes: FreezeClock, onExpired: () => void) {
    this.#limitMs = limitMs;
    this.#freezes = freezes;
    this.#onExpired = onExpired;
    this.restart();
  }

  /** The agent has moved something, or is waited for from now on; `limitMs` is for a step that may take longer. */
  restart(limitMs = this.#limitMs): void {
    if (this.#isOver) return;
    this.#frozenMs = this.#freezes.frozenMs;
    if (this.#timer && this.#runningMs === limitMs) {
      this.#timer.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#runningMs = limitMs;
    this.#timer = setTimeout(() => this.#expire(), limitMs);
  }

  /** What the freezes have taken of the time is given back. */
  #expire(): void {
    const missedMs = this.#freezes.frozenMs - this.#frozenMs;
    if (missedMs > 0) {
      this.restart(Math.max(missedMs, LOOK_MS));
      return;
    }
    this.end();
    this.#onExpired();
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
