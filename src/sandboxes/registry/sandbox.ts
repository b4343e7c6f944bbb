import type { AgentLink } from '../../agent/link/link.ts';
import type { AgentConnection } from '../../agent/wire/connection.ts';
import { withDeadline } from '../../async/deadline.ts';
import { createDeferred } from '../../async/deferred.ts';
import { Mutex } from '../../async/mutex.ts';
import { SandboxError } from '../../base/errors.ts';
import type { SandboxAddress, SandboxId } from '../../base/sandbox-address.ts';
import { canTransition, type SandboxState } from '../../base/sandbox-state.ts';
import type { SandboxEgress } from '../../egress/connections/egress.ts';
import type { EngineId } from '../../engines/engine.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import type { AskedSpec } from '../asked/asked-spec.ts';
import { DEFAULT_LIFE, type LifePolicy } from '../asked/life-policy.ts';
import { environmentOf } from '../spec/secret-environment.ts';
import { isSuspended, type SandboxRecord } from '../storage/record.ts';
import { Leases, type WorkReason } from './leases.ts';

/** What the server knows of one sandbox while it is of interest; the record is what outlives the server. */
export class Sandbox {
  readonly id: SandboxId;
  readonly address: SandboxAddress;
  /** Held across engine calls, by the work on this sandbox alone. */
  readonly mutex = new Mutex();
  /** What holds it awake. */
  readonly leases = new Leases();
  record: SandboxRecord | null;
  engineId: EngineId | null = null;
  link: AgentLink | null = null;
  /** Its way out; null where it has none that the server knows of. */
  egress: SandboxEgress | null = null;
  /** True where the container was made for the pool: it cannot start again once it has stopped. */
  isFromPool = false;
  /** True while it counts against the cap of running sandboxes. */
  hasSlot = false;
  /** What its programs work at although nobody asks anything of it, as it was last looked at. */
  work: readonly WorkReason[] = [];
  /** When it was last seen at work that nobody asks for, on the monotonic clock. */
  workedAtMs = Number.NEGATIVE_INFINITY;
  /** How long it was unused before it came into memory, in milliseconds; 0 once it is used. */
  unusedBeforeMs = 0;
  #state: SandboxState = 'absent';
  #lastUsedMs: number;
  #measurements = 0;
  #measured = createDeferred<void>();

  readonly #events: CoreEvents;

  constructor(id: SandboxId, address: SandboxAddress, record: SandboxRecord | null, nowMs: number, events: CoreEvents) {
    this.id = id;
    this.address = address;
    this.record = record;
    this.#lastUsedMs = nowMs;
    this.#events = events;
  }

  /** On the monotonic clock; where nobody has used it, since it is in memory. */
  get lastUsedMs(): number {
    return this.#lastUsedMs;
  }

  set lastUsedMs(monotonicMs: number) {
    this.#lastUsedMs = monotonicMs;
    this.unusedBeforeMs = 0;
  }

  get state(): SandboxState {
    return this.#state;
  }

  /** What was asked for when it was made; nothing where it never was. */
  get asked(): AskedSpec {
    return this.record?.asked ?? {};
  }

  /** What programs get in their environment; undefined where that is nothing. */
  get env(): Readonly<Record<string, string>> | undefined {
    const { record } = this;
    if (record && record.secrets.length > 0) return environmentOf(record);
    const env = record?.env;
    // The path of every call: no copy, and no list of names.
    for (const _ in env) return env;
    return undefined;
  }

  /** How long it has run at this moment of the wall clock; null while it does not. */
  upMs(nowMs: number): number | null {
    const startedAtMs = this.record?.startedAtMs ?? null;
    return this.isUp && startedAtMs !== null ? nowMs - startedAtMs : null;
  }

  get life(): LifePolicy {
    return this.record?.life ?? DEFAULT_LIFE;
  }

  /** True where a request has paused it, or stopped it until it is restarted. */
  get isSuspended(): boolean {
    return this.record !== null && isSuspended(this.record);
  }

  /** True where somebody had it stopped so that no use starts it. */
  get isHalted(): boolean {
    return this.record !== null && this.record.haltedAtMs !== null;
  }

  /** When somebody had it paused, on the wall clock; null while it is not, or is by its idleness. */
  get pausedAtMs(): number | null {
    return this.#state === 'paused' ? (this.record?.pausedAtMs ?? null) : null;
  }

  /** Forgets that somebody had it paused; false where nobody had. */
  endPause(): boolean {
    if (!this.record || this.record.pausedAtMs === null) return false;
    this.record.pausedAtMs = null;
    return true;
  }

  /** True where it may be stopped: nothing changes it, and nothing uses it but readers who wait for the end of a pause that somebody asked for. */
  get mayStop(): boolean {
    return this.isIdle || (this.mutex.isFree && this.pausedAtMs !== null && !this.leases.hasForeground);
  }

  /** True where nobody waits for it or reads from it, and nothing changes it; it may work. */
  get isIdle(): boolean {
    return !this.leases.isBusy && this.mutex.isFree;
  }

  /** Who looks at it after so long without a request with a key, and what its programs worked at when it was last looked at; each once. */
  worksAt(idleMs: number): readonly WorkReason[] {
    return [...new Set([...this.leases.working(idleMs), ...this.work])];
  }

  /** True where there is any of that, although nobody waits for it. */
  isWorking(nowMs: number): boolean {
    return this.worksAt(nowMs - this.lastUsedMs).length > 0;
  }

  /** True where it was made and not deleted, running or not. */
  get isExisting(): boolean {
    return this.record !== null && this.record.deletedAtMs === null;
  }

  get isUp(): boolean {
    return this.#state === 'running' || this.#state === 'paused';
  }

  /** The connection by which its agent can be asked at once; undefined where it does not run, is being changed, or has none. */
  get connection(): AgentConnection | undefined {
    return this.#state === 'running' && this.mutex.isFree ? this.link?.current : undefined;
  }

  /** Goes to another state; throws where the transition table has no such way, which is a defect of the server. */
  become(state: SandboxState): void {
    if (!canTransition(this.#state, state)) {
      throw new SandboxError('internal', `A sandbox cannot go from ${this.#state} to ${state}.`);
    }
    const from = this.#state;
    this.#state = state;
    if (from !== state) this.#events.emit({ type: 'state', sandboxId: this.id, from, to: state });
  }

  /** Does work that asks its agent to measure something. */
  async whileMeasured<T>(work: () => Promise<T>): Promise<T> {
    if (this.#measurements === 0) this.#measured = createDeferred();
    this.#measurements += 1;
    try {
      return await work();
    } finally {
      this.#measurements -= 1;
      if (this.#measurements === 0) this.#measured.resolve();
    }
  }

  /** Resolves once its agent measures nothing, since a pause would leave that call hanging; throws `timeout` after N ms. */
  async whenMeasured(deadlineMs: number): Promise<void> {
    const ended = async () => {
      while (this.#measurements > 0) await this.#measured.promise;
    };
    await withDeadline(ended(), deadlineMs, 'The sandbox is still being measured; try again in a moment.');
  }
}
