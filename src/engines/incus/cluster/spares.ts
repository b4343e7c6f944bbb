import type { EngineId } from '../../engine.ts';

interface Spare {
  readonly place: string;
  /** Null until there is one. */
  readonly id: EngineId | null;
}

/** Sandboxes that wait for an owner, by their volumes, and their members. */
export class Spares {
  readonly #all = new Map<string, Spare>();

  /** Says that the volume of one is on that member. */
  add(volume: string, place: string): void {
    this.#all.set(volume, { place, id: null });
  }

  /** Says which sandbox has the volume now. */
  noteUsed(volume: string, id: EngineId): void {
    const found = this.#all.get(volume);
    if (found) this.#all.set(volume, { ...found, id });
  }

  /** Says that a sandbox waits no more: it has another name, or is gone. */
  drop(id: EngineId): void {
    for (const [volume, spare] of this.#all) if (spare.id === id) this.#all.delete(volume);
  }

  /** Says that a volume is gone. */
  dropVolume(volume: string): void {
    this.#all.delete(volume);
  }

  /** How many are on that member, or are being made there. */
  countOn(place: string): number {
    return [...this.#all.values()].filter((spare) => spare.place === place).length;
  }
}
