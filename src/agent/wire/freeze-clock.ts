/** How long a sandbox has been frozen, so that times which it should keep to stand still meanwhile. */
export class FreezeClock {
  #frozenMs = 0;
  #sinceMs: number | null = null;

  get isFrozen(): boolean {
    return this.#sinceMs !== null;
  }

  set isFrozen(isFrozen: boolean) {
    if (isFrozen === this.isFrozen) return;
    this.#frozenMs = this.frozenMs;
    this.#sinceMs = isFrozen ? performance.now() : null;
  }

  /** All together so far, in milliseconds. */
  get frozenMs(): number {
    return this.#frozenMs + (this.#sinceMs === null ? 0 : performance.now() - this.#sinceMs);
  }
}
