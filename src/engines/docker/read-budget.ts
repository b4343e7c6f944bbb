const WINDOW_MS = 100;

/** Frames shorter than this are small, in bytes: what an agent has much of comes in larger ones. */
export const SMALL_FRAME_BYTES = 4_096;

/** Small frames that one program may send in a window. Each costs the engine some 8 µs, whose time no sandbox's limit holds. */
const FRAMES_PER_WINDOW = 1_000;

/** Bounds what a program makes the engine do that writes byte by byte. */
export class ReadBudget {
  #startedAtMs = 0;
  #frames = 0;

  /** Counts small frames; how many milliseconds to read no more of this program, 0 as a rule. */
  spend(frames: number, nowMs: number): number {
    if (nowMs - this.#startedAtMs >= WINDOW_MS) {
      this.#startedAtMs = nowMs;
      this.#frames = 0;
    }
    this.#frames += frames;
    return this.#frames < FRAMES_PER_WINDOW ? 0 : Math.max(1, Math.ceil(this.#startedAtMs + WINDOW_MS - nowMs));
  }
}
