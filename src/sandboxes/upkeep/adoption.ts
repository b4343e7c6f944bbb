import type { Clock } from '../../async/clock.ts';
import type { SandboxId } from '../../base/sandbox-address.ts';
import type { Config } from '../../config/config.ts';
import type { Engine, EngineSandbox } from '../../engines/engine.ts';
import type { Freezer } from '../lifecycle/freezer.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { Provisioner } from '../lifecycle/provisioner.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { fromEngineName, isInFolder, LABEL } from '../spec/engine-spec.ts';
import { isPermitted } from '../spec/permitted-images.ts';
import { resolveSpec } from '../spec/sandbox-spec.ts';
import type { SandboxRecord } from '../storage/record.ts';
import type { SandboxStore } from '../storage/store.ts';

/** What adoption works with. */
interface AdoptionParts {
  readonly engine: Engine;
  readonly registry: Registry;
  readonly lifecycle: Lifecycle;
  readonly freezer: Freezer;
  readonly provisioner: Provisioner;
  readonly store: SandboxStore;
  readonly instance: string;
  readonly config: Config;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Called once, when memory and engine agree for the first time. */
  readonly onAdopted: () => void;
}

/** Makes memory agree with the engine: adopts the sandboxes that an earlier server left, removes what has no record. */
export class Adoption {
  readonly #parts: AdoptionParts;
  #isDone = false;
  #running: Promise<void> | undefined;

  constructor(parts: AdoptionParts) {
    this.#parts = parts;
  }

  /** Adopts what is there, once; where the engine does not answer, the next call tries again. */
  async attempt(): Promise<void> {
    if (this.#isDone) return;
    this.#running ??= this.#adoptOnce().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #adoptOnce(): Promise<void> {
    await this.#adoptAll();
    this.#isDone = true;
    this.#parts.onAdopted();
  }

  /** Adopts every sandbox of this server that the engine has; throws, after all others, where one cannot be brought to what it may be. */
  async #adoptAll(): Promise<void> {
    const { engine, instance } = this.#parts;
    const failures: unknown[] = [];
    for (const found of await engine.list({ [LABEL.instance]: instance })) {
      await this.#treat(found).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #treat(found: EngineSandbox): Promise<void> {
    const { engine, provisioner, instance, onError } = this.#parts;
    const id = fromEngineName(instance, found.name);
    if (id !== null && provisioner.isInSmokeTest(id)) return;
    const sandbox = id === null ? null : await this.#find(id as SandboxId);
    if (sandbox === 'unreadable') return;
    const record = sandbox?.record;
    if (sandbox && record && record.deletedAtMs === null) {
      return await sandbox.mutex.run(() => this.#adopt(sandbox, record, found));
    }
    // What cannot be removed now holds nobody up: the reconciler tries it again and again.
    await engine.remove(found.id).catch(onError);
  }

  async #adopt(sandbox: Sandbox, record: SandboxRecord, found: EngineSandbox): Promise<void> {
    const { lifecycle, freezer, clock } = this.#parts;
    if (!sandbox.engineId) {
      sandbox.lastUsedMs = clock.monotonicMs() - Math.max(0, clock.wallMs() - record.lastUsedAtMs);
      lifecycle.adopt(sandbox, found);
    }
    // Also of one that was adopted before, where the engine has failed this.
    if (sandbox.engineId !== found.id) return;
    await freezer.thawLeft(sandbox);
    if (!this.#mayRunOn(found, record)) await lifecycle.stop(sandbox, 'not_permitted');
  }

  /** One whose record cannot be read is reported and left as it is: it holds nobody else up. */
  async #find(id: SandboxId): Promise<Sandbox | null | 'unreadable'> {
    const { registry, store, onError } = this.#parts;
    try {
      return await registry.find(id);
    } catch (error) {
      await store.requireUsable();
      onError(error);
      return 'unreadable';
    }
  }

  #mayRunOn(found: EngineSandbox, { asked }: SandboxRecord): boolean {
    const { config, store } = this.#parts;
    // With a network of before it would reach more than it may now, or not find its proxy.
    if (found.labels[LABEL.network] !== resolveSpec(config, asked).network) return false;
    // In a folder of before it would write where nobody finds it again.
    if (!isInFolder(found, store.path)) return false;
    return isPermitted(asked, config);
  }
}
