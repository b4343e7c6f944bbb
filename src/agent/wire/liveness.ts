const TICK_MS = 1_000;

/** Ticks without a byte after which the agent is asked for a sign of life. */
const TICKS_TO_PING = 2;

/** Ticks without a byte, the answer to the question included, after which it counts as hung. */
const TICKS_TO_GIVE_UP = 8;

/** What is watched of an agent, and who hears that it hangs. */
export interface LivenessParts {
  /** True while a call waits for the agent; without one nobody is asked. */
  readonly isAwaited: () => boolean;
  /** True while nothing is taken from the agent, whose silence says nothing then. */
  readonly isHeldBack: () => boolean;
  readonly ping: () => void;
  readonly onHung: () => void;
}

/**
 * Notices an agent that has been stopped or hangs while a call waits for it. A long silent run is no such case: its agent
 * answers the ping. Time is counted in ticks of the event loop, so that a server which stood still itself accuses nobody.
 */
export class Liveness {
  readonly #parts: LivenessParts;
  #timer: NodeJS.Timeout | undefined;
  #silentTicks = 0;

  constructor(parts: LivenessParts) {
    this.#parts = parts;
  }

  /** A call begins to wait. */
  watch(): void {
    if (this.#timer) return;
    this.#silentTicks = 0;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Something came from the agent. */
  heard(): void {
    this.#silentTicks = 0;
  }

  /** Nobody waits any more, for good or until the next call. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    if (!this.#parts.isAwaited()) {
      this.end();
      return;
    }
    if (this.#parts.isHeldBack()) return;
    this.#silentTicks += 1;
    if (this.#silentTicks >= TICKS_TO_GIVE_UP) {
      this.end();
      this.#parts.onHung();
    } else if (this.#silentTicks === TICKS_TO_PING) this.#parts.ping();
  }
}
