import type { Clock } from '../../async/clock.ts';
import { type SandboxAddress, type SandboxId, toSandboxId } from '../../base/sandbox-address.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import type { SandboxStore } from '../storage/store.ts';
import { Sandbox } from './sandbox.ts';

/** The sandboxes of interest: those with a container, and for a while those that were asked for. */
export class Registry {
  readonly #store: Pick<SandboxStore, 'read'>;
  readonly #clock: Clock;
  readonly #events: CoreEvents;
  readonly #sandboxes = new Map<SandboxId, Sandbox>();
  readonly #loading = new Map<SandboxId, Promise<Sandbox>>();

  constructor(store: Pick<SandboxStore, 'read'>, clock: Clock, events: CoreEvents) {
    this.#events = events;
    this.#store = store;
    this.#clock = clock;
  }

  all(): Iterable<Sandbox> {
    return this.#sandboxes.values();
  }

  /** The sandbox at an address if it is in memory. */
  peek(address: SandboxAddress): Sandbox | undefined {
    return this.#sandboxes.get(toSandboxId(address));
  }

  /** The sandbox of that id if it is in memory. */
  at(id: SandboxId): Sandbox | undefined {
    return this.#sandboxes.get(id);
  }

  /** The sandbox at an address, read from its record where it is not in memory; an absent one if there is no record. */
  async get(address: SandboxAddress): Promise<Sandbox> {
    const id = toSandboxId(address);
    return this.#sandboxes.get(id) ?? (await this.#load(id, address));
  }

  /** The sandbox with this id, if it has a record. */
  async find(id: SandboxId): Promise<Sandbox | null> {
    const known = this.#sandboxes.get(id);
    if (known) return known;
    const record = await this.#store.read(id);
    return record && toSandboxId(record.address) === id ? await this.get(record.address) : null;
  }

  /** Lets go of a sandbox that has nothing in the engine; its record stays. */
  forget(sandbox: Sandbox): void {
    this.#sandboxes.delete(sandbox.id);
  }

  #load(id: SandboxId, address: SandboxAddress): Promise<Sandbox> {
    const loading = this.#loading.get(id) ?? this.#read(id, address);
    this.#loading.set(id, loading);
    return loading;
  }

  async #read(id: SandboxId, address: SandboxAddress): Promise<Sandbox> {
    try {
      const record = await this.#store.read(id);
      const sandbox = new Sandbox(id, address, record, this.#clock.monotonicMs(), this.#events);
      if (record) sandbox.unusedBeforeMs = Math.max(0, this.#clock.wallMs() - record.lastUsedAtMs);
      if (record && record.deletedAtMs === null) sandbox.become('stopped');
      this.#sandboxes.set(id, sandbox);
      return sandbox;
    } finally {
      this.#loading.delete(id);
    }
  }
}
