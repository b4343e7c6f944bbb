import { FRAME, type Frame } from './codec.ts';

const WINDOW_MS = 100;

/** What one connection may cost in a window: far more than an agent can send, a small part of what a core can take. */
const UNITS_PER_WINDOW = 25_000;

/** Bytes of JSON that cost as much as a frame. */
const JSON_BYTES_PER_UNIT = 64;

/** What a new channel costs beside that: it is made, served or refused, and answered. 2,500 of them a second are a part of a core. */
const UNITS_PER_OPEN = 100;

/** Bounds the work that one agent can make for the server with frames that no credit limits: small ones, and JSON. */
export class FrameBudget {
  #startedAtMs = 0;
  #units = 0;

  /** Counts frames; how many milliseconds to take no more from this agent, 0 as a rule. */
  spend(frames: readonly Frame[], nowMs: number): number {
    if (nowMs - this.#startedAtMs >= WINDOW_MS) {
      this.#startedAtMs = nowMs;
      this.#units = 0;
    }
    this.#units += frames.length;
    for (const { type, payload } of frames) {
      if (type === FRAME.OPEN) this.#units += UNITS_PER_OPEN;
      if (type !== FRAME.DATA) this.#units += Math.floor(payload.length / JSON_BYTES_PER_UNIT);
    }
    return this.#units < UNITS_PER_WINDOW ? 0 : Math.max(1, Math.ceil(this.#startedAtMs + WINDOW_MS - nowMs));
  }
}
