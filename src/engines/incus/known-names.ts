import type { EngineId, EngineSandbox } from '../engine.ts';

/**
 * Which sandbox had a name when it was last seen: Incus finds one by its own name at once, and looks at every one of them for the name
 * that the server gives. Whoever asks makes sure that it has the name still.
 */
export class KnownNames {
  readonly #ids = new Map<string, EngineId>();

  /** Remembers who has a name. */
  note({ id, name }: Pick<EngineSandbox, 'id' | 'name'>): void {
    this.#ids.set(name, id);
  }

  /** Who had the name; undefined where nobody did. */
  idOf(name: string): EngineId | undefined {
    return this.#ids.get(name);
  }

  /** Forgets a sandbox that is gone, or has another name. */
  forget(id: EngineId): void {
    for (const [name, known] of this.#ids) if (known === id) this.#ids.delete(name);
  }
}
