/** Ends one request over there, once: a signal that costs a request next to nothing, with a single listener. */
export class Cutoff {
  /** Called when it is raised. */
  onRaised: (() => void) | null = null;
  #reason: unknown = null;
  #isRaised = false;

  /** True from then on. */
  get isRaised(): boolean {
    return this.#isRaised;
  }

  /** Why it was raised. */
  get reason(): unknown {
    return this.#reason;
  }

  /** Ends the request, unless that has been done. */
  raise(reason: unknown): void {
    if (this.#isRaised) return;
    this.#isRaised = true;
    this.#reason = reason;
    this.onRaised?.();
  }
}
