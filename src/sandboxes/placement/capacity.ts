/** What counts against the cap while `hasSlot` is true. */
export interface SlotHolder {
  hasSlot: boolean;
}

/** Counts started sandboxes, pooled ones too, against the cap. */
export class Capacity {
  readonly max: number;
  #used = 0;

  constructor(max: number) {
    this.max = max;
  }

  get isFull(): boolean {
    return this.#used >= this.max;
  }

  /** Gives out a slot if one is free; false if none is. */
  takeIfFree(holder: SlotHolder): boolean {
    if (this.isFull) return false;
    this.take(holder);
    return true;
  }

  /** Counts a sandbox that runs already, even over the cap. */
  take(holder: SlotHolder): void {
    if (holder.hasSlot) return;
    holder.hasSlot = true;
    this.#used += 1;
  }

  release(holder: SlotHolder): void {
    if (!holder.hasSlot) return;
    holder.hasSlot = false;
    this.#used -= 1;
  }
}
