import type { Clock } from '../../async/clock.ts';
import { withDeadline } from '../../async/deadline.ts';
import { SandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import type { WorkMeter } from '../metering/work-meter.ts';
import type { Capacity } from '../placement/capacity.ts';
import type { Pool } from '../placement/pool.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import type { Lifecycle } from './lifecycle.ts';
import { type StopReason, toStopReason } from './stop-reason.ts';

interface EvictorParts {
  readonly capacity: Capacity;
  readonly registry: Registry;
  readonly pool: Pool;
  readonly lifecycle: Lifecycle;
  readonly workMeter: WorkMeter;
  readonly events: CoreEvents;
  readonly clock: Clock;
  readonly config: Pick<Config, 'backgroundSeconds'>;
}

/** One that works is not stopped for another within so long of its last request, in milliseconds. */
const WORKING_MS = 60_000;

/** How long a sandbox may take to say what it works at before it gives way, in milliseconds. */
const LOOK_MS = 1_500;

/** One that could not be stopped gives way after all others for so long, in milliseconds. */
const STUCK_MS = 60_000;

/** Makes room under the cap: gives up pooled sandboxes first, then stops the least recently used idle one that may be, then those that work. */
export class Evictor {
  readonly #parts: EvictorParts;
  readonly #evictions = new Map<Sandbox, Promise<boolean>>();
  /** When they could not be stopped, on the monotonic clock. */
  readonly #stuckAtMs = new WeakMap<Sandbox, number>();

  constructor(parts: EvictorParts) {
    this.#parts = parts;
  }

  /** Gives the sandbox a slot; throws `limit` only if no other may be stopped for it. Where the first of those cannot be, another is. */
  async reserve(sandbox: Sandbox): Promise<void> {
    const { capacity, pool } = this.#parts;
    /** Those that were asked what they work at. */
    const known = new Set<Sandbox>();
    const failures: unknown[] = [];
    while (!sandbox.hasSlot && capacity.isFull) {
      if (await pool.evictOne()) continue;
      const victim = this.#next(sandbox);
      if (victim && this.#mustLook(victim, known)) await this.#look(victim, known);
      else if (victim) await this.#evict(victim, failures);
      else if (this.#evictions.size > 0) await Promise.race(this.#evictions.values()).catch(() => undefined);
      else throw new SandboxError('limit', `Maximum containers (${capacity.max}) reached`, { retryAfterSeconds: 5 });
    }
    capacity.take(sandbox);
  }

  /** Stops a sandbox that nobody has used since; false where somebody does. */
  async stopIfIdle(sandbox: Sandbox, reason: StopReason): Promise<boolean> {
    if (!sandbox.mayStop) return false;
    const { lastUsedMs } = sandbox;
    return await sandbox.mutex.run(async () => {
      const isUsed = sandbox.pausedAtMs === null ? sandbox.leases.isBusy : sandbox.leases.hasForeground;
      if (isUsed || sandbox.lastUsedMs !== lastUsedMs) return false;
      await this.#parts.lifecycle.stop(sandbox, reason);
      return true;
    });
  }

  /** The one that is to give way next, as far as it is known what it works at. */
  #next(except: Sandbox): Sandbox | undefined {
    const nowMs = this.#parts.clock.monotonicMs();
    let first: Sandbox | undefined;
    for (const sandbox of this.#parts.registry.all()) {
      if (sandbox === except || !sandbox.hasSlot || !sandbox.mayStop) continue;
      if (!sandbox.life.yieldsAtCap && sandbox.pausedAtMs === null) continue;
      if (this.#evictions.has(sandbox)) continue;
      if (this.#isWorking(sandbox) && nowMs - sandbox.lastUsedMs < WORKING_MS) continue;
      if (!first || this.#isBefore(sandbox, first)) first = sandbox;
    }
    return first;
  }

  /** Work counts for so long since the last request. */
  #isWorking(sandbox: Sandbox): boolean {
    const { clock, config } = this.#parts;
    const nowMs = clock.monotonicMs();
    return nowMs - sandbox.lastUsedMs < config.backgroundSeconds * 1000 && sandbox.isWorking(nowMs);
  }

  #isStuck(sandbox: Sandbox): boolean {
    const atMs = this.#stuckAtMs.get(sandbox);
    return atMs !== undefined && this.#parts.clock.monotonicMs() - atMs < STUCK_MS;
  }

  /** First those that are idle, then those that somebody had paused, then those that work; of each kind the one that was used, or paused, least recently. */
  #isBefore(one: Sandbox, other: Sandbox): boolean {
    const isStuck = this.#isStuck(one);
    if (isStuck !== this.#isStuck(other)) return !isStuck;
    const isWorking = this.#isWorking(one);
    if (isWorking !== this.#isWorking(other)) return !isWorking;
    if (one.pausedAtMs !== null && other.pausedAtMs !== null) return one.pausedAtMs < other.pausedAtMs;
    if (one.pausedAtMs !== other.pausedAtMs) return one.pausedAtMs === null;
    return one.lastUsedMs < other.lastUsedMs;
  }

  #mustLook(sandbox: Sandbox, known: ReadonlySet<Sandbox>): boolean {
    return !known.has(sandbox) && sandbox.state === 'running' && !this.#isWorking(sandbox);
  }

  /** Asks what it works at; one that does not say so in time works at nothing. */
  async #look(sandbox: Sandbox, known: Set<Sandbox>): Promise<void> {
    known.add(sandbox);
    const looked = this.#parts.workMeter.look(sandbox, { samples: true });
    sandbox.work = await withDeadline(looked, LOOK_MS, 'The sandbox does not say what it works at.').catch(() => []);
  }

  /** Where that fails and did not before, the next victim may be another one. */
  async #evict(victim: Sandbox, failures: unknown[]): Promise<void> {
    const { events, clock } = this.#parts;
    const ended = victim.worksAt(clock.monotonicMs() - victim.lastUsedMs);
    const reason = toStopReason('eviction', ended);
    const eviction = this.stopIfIdle(victim, reason).finally(() => this.#evictions.delete(victim));
    this.#evictions.set(victim, eviction);
    try {
      if (await eviction) events.emit({ type: 'eviction', sandboxId: victim.id, ended });
    } catch (error) {
      this.#stuckAtMs.set(victim, clock.monotonicMs());
      if (failures.push(error) > 1) throw error;
    }
  }
}
