import type { Clock } from '../../async/clock.ts';
import type { Config } from '../../config/config.ts';
import type { Engine, EngineSandbox } from '../../engines/engine.ts';
import { isSandboxError } from '../../errors.ts';
import type { SandboxId } from '../address.ts';
import type { SandboxService } from '../sandboxes.ts';
import { fromEngineName, isInFolder, LABEL } from '../spec/engine-spec.ts';
import { networkModeOf } from '../spec/network-mode.ts';
import { isPermittedImage } from '../spec/permitted-images.ts';
import type { SandboxRecord } from '../storage/record.ts';
import type { SandboxStore } from '../storage/store.ts';

/** What adoption works with. */
export interface AdoptionParts {
  readonly engine: Engine;
  readonly service: SandboxService;
  readonly store: SandboxStore;
  readonly instance: string;
  readonly config: Config;
  readonly clock: Clock;
  /** Called once, when memory and engine agree for the first time. */
  readonly onAdopted: () => void;
  readonly onError: (error: unknown) => void;
}

/** How often a start-up that found no engine asks again, in milliseconds. */
const INTERVAL_MS = 5_000;

/** Makes memory agree with the engine: adopts the sandboxes that an earlier server left, removes what has no record. */
export class Adoption {
  readonly #parts: AdoptionParts;
  #timer: NodeJS.Timeout | undefined;
  #pass: Promise<void> = Promise.resolve();

  constructor(parts: AdoptionParts) {
    this.#parts = parts;
  }

  /** Adopts what is there; where the engine does not answer, goes on trying in the background. */
  async start(): Promise<void> {
    if (await this.#tried()) return;
    this.#timer = setInterval(() => {
      this.#pass = this.#pass.then(async () => {
        if (await this.#tried()) clearInterval(this.#timer);
      });
    }, INTERVAL_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#pass;
  }

  async #tried(): Promise<boolean> {
    try {
      await this.adoptAll();
      this.#parts.onAdopted();
      return true;
    } catch (error) {
      // An engine that is away is told once, by the warnings, and not with each attempt.
      if (!isSandboxError(error, 'unavailable') && !isSandboxError(error, 'timeout')) this.#parts.onError(error);
      return false;
    }
  }

  /** Adopts every sandbox of this server that the engine has; throws where the engine does not answer. */
  async adoptAll(): Promise<void> {
    const { engine, service, instance, clock } = this.#parts;
    for (const found of await engine.list({ [LABEL.instance]: instance })) {
      const id = fromEngineName(instance, found.name);
      const sandbox = id === null ? null : await service.registry.find(id as SandboxId);
      if (!sandbox?.record || sandbox.record.deletedAtMs !== null) {
        await engine.remove(found.id);
        continue;
      }
      const { record } = sandbox;
      await sandbox.mutex.run(async () => {
        if (sandbox.engineId) return;
        sandbox.lastUsedMs = clock.monotonicMs() - Math.max(0, clock.wallMs() - record.lastUsedAtMs);
        service.lifecycle.adopt(sandbox, found);
        if (!this.#mayRunOn(found, record)) await service.lifecycle.stop(sandbox);
      });
    }
  }

  #mayRunOn(found: EngineSandbox, { overrides }: SandboxRecord): boolean {
    const { config, store } = this.#parts;
    // With a network of before it would reach more than it may now, or not find its proxy.
    if (found.labels[LABEL.network] !== networkModeOf(config, overrides)) return false;
    // In a folder of before it would write where nobody finds it again.
    if (!isInFolder(found, store.path)) return false;
    return overrides.image === undefined || isPermittedImage(overrides.image, config);
  }
}
