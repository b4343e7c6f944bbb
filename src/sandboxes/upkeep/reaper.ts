import type { Clock } from '../../async/clock.ts';
import type { Config } from '../../config/config.ts';
import { isSandboxError } from '../../errors.ts';
import type { Sandbox } from '../sandbox.ts';
import type { SandboxService } from '../sandboxes.ts';

/** How often the reaper looks, in milliseconds. */
const INTERVAL_MS = 5_000;

/** After so long without use a stopped sandbox is no longer kept in memory, in milliseconds. */
const FORGET_AFTER_MS = 60_000;

/** After so long a stopped sandbox's container is removed, in milliseconds; its files stay. */
const DISCARD_AFTER_MS = 24 * 3_600_000;

/** Pauses, then stops, then forgets sandboxes that nobody uses. */
export class Reaper {
  readonly #service: SandboxService;
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #pass: Promise<void> = Promise.resolve();

  constructor(service: SandboxService, config: Config, clock: Clock, onError: (error: unknown) => void) {
    this.#service = service;
    this.#config = config;
    this.#clock = clock;
    this.#onError = onError;
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#pass = this.#pass.then(() => this.reap());
    }, INTERVAL_MS);
  }

  /** Stops looking and waits for the pass that is under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#pass;
  }

  /** One pass over all sandboxes, what nobody owns, and the disks; what fails is reported and tried again in the next pass. */
  async reap(): Promise<void> {
    const all = [...this.#service.registry.all()].filter((sandbox) => sandbox.isIdle);
    await Promise.all(all.map((sandbox) => this.#treat(sandbox).catch(this.#onError)));
    await this.#service.reconciler.sweep().catch((error: unknown) => this.#reportUnlessAway(error));
    await this.#service.diskSweep.sweep().catch((error: unknown) => this.#reportUnlessAway(error));
  }

  /** An engine or a disk service that is away is told once, by the warnings, and not with each pass. */
  #reportUnlessAway(error: unknown): void {
    if (!isSandboxError(error, 'unavailable') && !isSandboxError(error, 'timeout')) this.#onError(error);
  }

  async #treat(sandbox: Sandbox): Promise<void> {
    const idleMs = this.#clock.monotonicMs() - sandbox.lastUsedMs;
    const { lifecycle, registry } = this.#service;
    if (sandbox.isUp && idleMs >= this.#config.stopAfterSeconds * 1000) {
      await this.#service.stopIfIdle(sandbox);
    } else if (sandbox.state === 'running' && !sandbox.isBeingMeasured && this.#shouldPause(idleMs)) {
      await sandbox.mutex.run(async () => {
        if (sandbox.calls === 0 && !sandbox.isBeingMeasured) await lifecycle.pause(sandbox);
      });
    } else if (!sandbox.isUp && sandbox.engineId && idleMs >= DISCARD_AFTER_MS) {
      await sandbox.mutex.run(() => lifecycle.discardContainer(sandbox));
    } else if (!sandbox.isUp && !sandbox.engineId && idleMs >= FORGET_AFTER_MS) {
      registry.forget(sandbox);
    }
  }

  #shouldPause(idleMs: number): boolean {
    return this.#config.pauseAfterSeconds > 0 && idleMs >= this.#config.pauseAfterSeconds * 1000;
  }
}
