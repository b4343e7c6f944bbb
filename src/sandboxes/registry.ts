import type { Clock } from '../async/clock.ts';
import { type Owner, type SandboxId, toSandboxId } from './address.ts';
import { Sandbox } from './sandbox.ts';
import type { SandboxStore } from './storage/store.ts';

/** The sandboxes of interest: those with a container, and for a while those that were asked for. */
export class Registry {
  readonly #store: SandboxStore;
  readonly #clock: Clock;
  readonly #sandboxes = new Map<SandboxId, Sandbox>();
  readonly #loading = new Map<SandboxId, Promise<Sandbox>>();

  constructor(store: SandboxStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  all(): Iterable<Sandbox> {
    return this.#sandboxes.values();
  }

  /** The sandbox of an owner if it is in memory. */
  peek(owner: Owner): Sandbox | undefined {
    return this.#sandboxes.get(toSandboxId(owner));
  }

  /** The sandbox of an owner, read from its record where it is not in memory; an absent one if there is no record. */
  async get(owner: Owner): Promise<Sandbox> {
    const id = toSandboxId(owner);
    return this.#sandboxes.get(id) ?? (await this.#load(id, owner));
  }

  /** The sandbox with this id, if it has a record. */
  async find(id: SandboxId): Promise<Sandbox | null> {
    const known = this.#sandboxes.get(id);
    if (known) return known;
    const record = await this.#store.read(id);
    return record && toSandboxId(record.owner) === id ? await this.#load(id, record.owner) : null;
  }

  /** Lets go of a sandbox that has nothing in the engine; its record stays. */
  forget(sandbox: Sandbox): void {
    this.#sandboxes.delete(sandbox.id);
  }

  #load(id: SandboxId, owner: Owner): Promise<Sandbox> {
    const loading = this.#loading.get(id) ?? this.#read(id, owner);
    this.#loading.set(id, loading);
    return loading;
  }

  async #read(id: SandboxId, owner: Owner): Promise<Sandbox> {
    try {
      const record = await this.#store.read(id);
      const sandbox = new Sandbox(id, owner, record, this.#clock.monotonicMs());
      if (record && record.deletedAtMs === null) sandbox.become('stopped');
      this.#sandboxes.set(id, sandbox);
      return sandbox;
    } finally {
      this.#loading.delete(id);
    }
  }
}
