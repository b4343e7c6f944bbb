import type { Clock } from '../../async/clock.ts';
import { isSandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import { dueAction, longestWorkMs } from '../asked/life-policy.ts';
import type { Evictor } from '../lifecycle/evictor.ts';
import { halt } from '../lifecycle/halting.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { Provisioner } from '../lifecycle/provisioner.ts';
import { toStopReason } from '../lifecycle/stop-reason.ts';
import type { Suspension } from '../lifecycle/suspension.ts';
import type { WorkMeter } from '../metering/work-meter.ts';
import type { Catalog } from '../registry/catalog.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import type { SandboxStore } from '../storage/store.ts';

/** After so long without use a stopped sandbox is no longer kept in memory, in milliseconds. */
const FORGET_AFTER_MS = 60_000;

/** After so long a stopped sandbox's container is removed, in milliseconds; its files stay. */
const DISCARD_AFTER_MS = 24 * 3_600_000;

/** How long a pause waits for measurements that are under way, in milliseconds; the next pass tries it again. */
const MEASURED_MS = 1_000;

interface ReaperParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly catalog: Catalog;
  readonly registry: Registry;
  readonly lifecycle: Lifecycle;
  readonly suspension: Suspension;
  readonly store: SandboxStore;
  readonly provisioner: Provisioner;
  readonly evictor: Evictor;
  readonly events: CoreEvents;
  readonly workMeter: WorkMeter;
  readonly onError: (error: unknown) => void;
}

/** Does with sandboxes what their life policies ask for: pauses and stops the idle, ends those whose time is over; then forgets them. */
export class Reaper {
  readonly #parts: ReaperParts;

  constructor(parts: ReaperParts) {
    this.#parts = parts;
  }

  /** One pass over all sandboxes in memory; what fails is reported and tried again in the next pass. */
  async reap(): Promise<void> {
    const { registry, onError } = this.#parts;
    await Promise.all([...registry.all()].map((sandbox) => this.#treat(sandbox).catch(onError)));
  }

  /** Ends those whose time is over, in memory or not: on the clock, whatever runs in them. */
  async expire(): Promise<void> {
    const { catalog, clock, registry, onError } = this.#parts;
    const ids = await catalog.expired(clock.wallMs());
    await Promise.all(
      ids.map(async (id) => {
        const sandbox = await registry.find(id);
        if (sandbox) await this.#treat(sandbox);
      }),
    ).catch(onError);
  }

  async #treat(sandbox: Sandbox): Promise<void> {
    const { clock, lifecycle, registry } = this.#parts;
    const idleMs = sandbox.isIdle ? clock.monotonicMs() - sandbox.lastUsedMs : 0;
    const action = this.#dueAction(sandbox, sandbox.isIdle);
    if (sandbox.isExisting && (action === 'remove' || action === 'purge')) return await this.#end(sandbox, action);
    if (sandbox.isExisting && (action === 'freeze' || action === 'halt')) return await this.#suspend(sandbox, action);
    if (await this.#isKeptAwake(sandbox, action, idleMs)) return;
    if (sandbox.isUp && action === 'stop') return await this.#stop(sandbox, idleMs);
    if (!sandbox.isIdle) return;
    if (sandbox.state === 'running' && action === 'pause') await this.#pause(sandbox).catch(ignoreTimeout);
    else if (!sandbox.isUp && sandbox.engineId && idleMs >= DISCARD_AFTER_MS) {
      await sandbox.mutex.run(() => lifecycle.discardContainer(sandbox));
    } else if (!sandbox.isUp && !sandbox.engineId && idleMs >= FORGET_AFTER_MS) {
      registry.forget(sandbox);
    }
  }

  #dueAction(sandbox: Sandbox, isIdle: boolean): ReturnType<typeof dueAction> {
    const { clock, config } = this.#parts;
    const nowMs = clock.wallMs();
    const idleMs = isIdle ? clock.monotonicMs() - sandbox.lastUsedMs : 0;
    const pausedMs = sandbox.pausedAtMs === null ? null : nowMs - sandbox.pausedAtMs;
    const unusedMs = isIdle ? idleMs + sandbox.unusedBeforeMs : 0;
    // What still works at the maximum is as idle as if it did not.
    const isAtMaximum = sandbox.work.length > 0 && idleMs >= longestWorkMs(sandbox.life, config.backgroundSeconds);
    const restMs = isAtMaximum ? idleMs : Math.min(idleMs, clock.monotonicMs() - sandbox.workedAtMs);
    const upMs = sandbox.upMs(nowMs);
    const { isSuspended } = sandbox;
    return dueAction(sandbox.life, config, { idleMs, restMs, unusedMs, pausedMs, isSuspended, upMs, nowMs });
  }

  /** Work puts off what only idleness asks for, for so long since the last request. */
  async #isKeptAwake(sandbox: Sandbox, action: ReturnType<typeof dueAction>, idleMs: number): Promise<boolean> {
    const { clock, workMeter, config } = this.#parts;
    if (sandbox.state !== 'running' || idleMs === 0) {
      sandbox.work = [];
      return false;
    }
    // What it worked at last is what its stop ends.
    if (idleMs >= longestWorkMs(sandbox.life, config.backgroundSeconds)) return false;
    if (action === null) await workMeter.note(sandbox, idleMs);
    const isDue = action === 'pause' || (action === 'stop' && !stopsByTheClock(sandbox));
    if (isDue || sandbox.work.length > 0) {
      sandbox.work = await workMeter.look(sandbox, { samples: true });
      if (sandbox.work.length > 0) sandbox.workedAtMs = clock.monotonicMs();
    }
    return isDue && sandbox.work.length > 0;
  }

  /** One whose time is over is stopped whatever runs in it; another only while nothing uses it. */
  async #stop(sandbox: Sandbox, idleMs: number): Promise<void> {
    const { evictor, lifecycle, config } = this.#parts;
    if (stopsByTheClock(sandbox)) {
      return await sandbox.mutex.run(async () => {
        // It may have been started again, or given more time, while this waited.
        if (this.#dueAction(sandbox, false) !== 'stop') return;
        if (isUpLimited(sandbox)) await halt(this.#parts, sandbox, 'expired');
        else await lifecycle.stop(sandbox, 'expired');
      });
    }
    const isAtMaximum = sandbox.work.length > 0 && idleMs >= longestWorkMs(sandbox.life, config.backgroundSeconds);
    await evictor.stopIfIdle(sandbox, isAtMaximum ? toStopReason('background_max', sandbox.work) : 'idle');
  }

  async #pause(sandbox: Sandbox): Promise<void> {
    const { lastUsedMs } = sandbox;
    await sandbox.mutex.run(async () => {
      // However often somebody asks for its figures: once the mutex is held nobody begins to measure it.
      await sandbox.whenMeasured(MEASURED_MS);
      if (sandbox.leases.isBusy || sandbox.lastUsedMs !== lastUsedMs) return;
      await this.#parts.lifecycle.pause(sandbox);
    });
  }

  /** One whose time is over is paused whatever runs in it; what does not run has nothing left that could be kept. */
  async #suspend(sandbox: Sandbox, action: 'freeze' | 'halt'): Promise<void> {
    const { suspension } = this.#parts;
    await sandbox.mutex.run(async () => {
      if (!sandbox.isExisting || this.#dueAction(sandbox, false) !== action) return;
      if (action === 'freeze' && sandbox.isUp) await suspension.freeze(sandbox);
      else await suspension.halt(sandbox, false);
    });
  }

  async #end(sandbox: Sandbox, action: 'remove' | 'purge'): Promise<void> {
    const { lifecycle, provisioner, events } = this.#parts;
    await sandbox.mutex.run(async () => {
      // It may have been used while this waited.
      if (!sandbox.isExisting || this.#dueAction(sandbox, sandbox.leases.count === 0) !== action) return;
      const { record } = sandbox;
      await lifecycle[action](sandbox);
      if (record && action === 'purge') provisioner.forget(record);
      events.emit({ type: 'end', sandboxId: sandbox.id, by: action });
    });
  }
}

function ignoreTimeout(error: unknown): void {
  if (!isSandboxError(error, 'timeout')) throw error;
}

function isUpLimited({ life }: Sandbox): boolean {
  return life.end.when === 'up';
}

function stopsByTheClock({ life: { end } }: Sandbox): boolean {
  return (end.when === 'at' || end.when === 'up') && end.by === 'stop';
}
