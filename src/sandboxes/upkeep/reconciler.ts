import type { SandboxId } from '../../base/sandbox-address.ts';
import type { Engine, EngineSandbox } from '../../engines/engine.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { Provisioner } from '../lifecycle/provisioner.ts';
import type { Pool } from '../placement/pool.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { fromEngineName, LABEL } from '../spec/engine-spec.ts';
import type { SandboxStore } from '../storage/store.ts';

interface ReconcilerParts {
  readonly engine: Engine;
  readonly store: SandboxStore;
  readonly registry: Registry;
  readonly lifecycle: Lifecycle;
  readonly provisioner: Provisioner;
  readonly pool: Pool;
  readonly instance: string;
  readonly onError: (error: unknown) => void;
}

/**
 * Finds what an engine that answered too late has made or kept: removes containers and pool folders that nobody owns, and
 * takes over the container of a sandbox that is not known to run.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  #isOpen = false;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /** Begins: from now on, what runs is known. */
  open(): void {
    this.#isOpen = true;
  }

  /** One pass; throws where the engine does not answer. */
  async reconcile(): Promise<void> {
    if (this.#isOpen) await this.#pass();
  }

  /** A last pass, if the pool may have left something behind; throws where the engine does not answer. */
  async finish(): Promise<void> {
    if (this.#isOpen && this.#parts.pool.hasFailed) await this.#pass();
  }

  async #pass(): Promise<void> {
    const { engine, store, pool, instance, onError } = this.#parts;
    for (const found of await engine.list({ [LABEL.instance]: instance })) await this.#treat(found).catch(onError);
    await store.removePoolFolders((name) => pool.owns(name));
  }

  async #treat(found: EngineSandbox): Promise<void> {
    const { engine, store, registry, provisioner, pool, instance } = this.#parts;
    const name = fromEngineName(instance, found.name);
    if (name !== null && provisioner.isInSmokeTest(name)) return;
    const holder = this.#holderOf(found);
    if (!holder && name !== null && store.isPoolFolder(name)) {
      if (!pool.owns(name)) await engine.remove(found.id);
      return;
    }
    const sandbox = holder ?? (name === null ? null : await registry.find(name as SandboxId));
    if (!sandbox) await engine.remove(found.id);
    else if (sandbox.isIdle && !sandbox.isUp) await sandbox.mutex.run(() => this.#settle(sandbox, found));
  }

  #holderOf({ id }: EngineSandbox): Sandbox | undefined {
    for (const sandbox of this.#parts.registry.all()) if (sandbox.engineId === id) return sandbox;
    return undefined;
  }

  async #settle(sandbox: Sandbox, { id }: EngineSandbox): Promise<void> {
    const { engine, lifecycle } = this.#parts;
    if (sandbox.isUp) return;
    const found = await engine.inspect(id);
    if (!found) return;
    if (sandbox.record === null || sandbox.record.deletedAtMs !== null) await engine.remove(id);
    else lifecycle.adopt(sandbox, found);
  }
}
