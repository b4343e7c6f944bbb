import { setMaxListeners } from 'node:events';
import type { AgentConnection } from '../agent/wire/connection.ts';
import { AgentFailure } from '../agent/wire/failures.ts';
import { SharedFrameBudget } from '../agent/wire/frame-budget.ts';
import type { Clock } from '../async/clock.ts';
import { withDeadline } from '../async/deadline.ts';
import type { Config } from '../config/config.ts';
import type { Engine } from '../engines/engine.ts';
import { SandboxError } from '../errors.ts';
import type { Owner } from './address.ts';
import { Lifecycle, type LifecycleParts } from './lifecycle/lifecycle.ts';
import { Provisioner } from './lifecycle/provisioner.ts';
import { runsOn } from './lifecycle/survival.ts';
import { DiskMeter } from './metering/disk-meter.ts';
import { Guards } from './metering/guards.ts';
import { SandboxMemory } from './metering/memory.ts';
import { type Usage, UsageMeter } from './metering/usage-meter.ts';
import { Capacity } from './placement/capacity.ts';
import { Pool } from './placement/pool.ts';
import { Registry } from './registry.ts';
import type { Sandbox } from './sandbox.ts';
import { changesSpec, checkOverrides } from './spec/overrides.ts';
import { type SandboxStatus, toStatus } from './status.ts';
import type { SandboxOverrides } from './storage/record.ts';
import type { SandboxStore } from './storage/store.ts';
import { DiskSweep } from './upkeep/disk-sweep.ts';
import { Reconciler } from './upkeep/reconciler.ts';

/** How long a call may wait until its sandbox is up and has room, in milliseconds: clients wait ten seconds more than the run itself. */
const READY_MS = 8_000;

/** The same for a create or restart, which does nothing else. */
const CREATE_MS = 50_000;

/** How long the end of a server may wait for its pool, in milliseconds. */
const DRAIN_MS = 5_000;

/** Work with a sandbox's agent; it may also ask after the sandbox's memory, and when it has lost the agent whether the sandbox runs on. */
type Work<T> = (connection: AgentConnection, memory: SandboxMemory, runsOn: () => Promise<boolean>) => Promise<T>;

/** The life of sandboxes as dialects see it. */
export class SandboxService {
  readonly registry: Registry;
  readonly capacity: Capacity;
  readonly lifecycle: Lifecycle;
  readonly pool: Pool;
  readonly starts: Provisioner;
  readonly diskSweep: DiskSweep;
  readonly reconciler: Reconciler;
  readonly guards: Guards;
  readonly #diskMeter: DiskMeter;
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #usageMeter: UsageMeter;
  readonly #store: SandboxStore;
  readonly #engine: Engine;
  readonly #onError: (error: unknown) => void;
  readonly #ending = new AbortController();

  constructor(given: Omit<LifecycleParts, 'frames'>) {
    const parts = { ...given, frames: new SharedFrameBudget() };
    this.#onError = parts.onError;
    // Every call that waits listens, and there may be many.
    setMaxListeners(0, this.#ending.signal);
    this.#engine = parts.engine;
    this.#config = parts.config;
    this.#clock = parts.clock;
    this.#usageMeter = new UsageMeter(parts.engine, parts.clock);
    this.#store = parts.store;
    this.registry = new Registry(parts.store, parts.clock);
    this.diskSweep = new DiskSweep(parts.disks, parts.store, this.registry);
    this.#diskMeter = new DiskMeter(parts);
    this.guards = new Guards({
      ...parts,
      sandboxes: () => this.registry.all(),
      stop: (sandbox) => this.lifecycle.stop(sandbox, 0),
    });
    this.lifecycle = new Lifecycle(
      parts,
      () => this.capacity,
      () => this.pool,
    );
    this.starts = new Provisioner(parts, this.lifecycle);
    this.capacity = new Capacity(
      parts.config.maxSandboxes,
      () => this.registry.all(),
      (sandbox) => this.stopIfIdle(sandbox),
      () => this.pool.evictOne(),
    );
    this.pool = new Pool({
      ...parts,
      capacity: this.capacity,
      isBusy: () => this.lifecycle.isStarting,
      onError: parts.onError,
    });
    const { registry, lifecycle, pool } = this;
    this.reconciler = new Reconciler({ ...parts, registry, lifecycle, pool });
  }

  /** Makes sure that the owner has a running sandbox, with these overrides if any are given. */
  async create(owner: Owner, overrides: SandboxOverrides): Promise<SandboxStatus> {
    checkOverrides(overrides, this.#config);
    const sandbox = await this.registry.get(owner);
    await this.#exclusively(sandbox, async () => {
      if (sandbox.isExisting && changesSpec(sandbox.record?.overrides ?? {}, overrides, this.#config))
        await this.starts.changeSpec(sandbox, owner, overrides);
      else await this.starts.bringUp(sandbox, owner, overrides);
      this.#keep(sandbox, overrides);
    });
    this.#noteUse(sandbox);
    return await this.#describe(sandbox, this.#usageMeter.last(sandbox));
  }

  /** The owner's sandbox with live figures; throws `not_found` where there is none. */
  async status(owner: Owner): Promise<SandboxStatus> {
    const sandbox = await this.registry.get(owner);
    if (!sandbox.isExisting) throw new SandboxError('not_found', 'Sandbox not found');
    return await this.#describe(sandbox, await this.#usageMeter.measure(sandbox));
  }

  /** Stops the owner's sandbox; false where there is none. */
  async stop(owner: Owner): Promise<boolean> {
    const sandbox = await this.registry.get(owner);
    return await this.#exclusively(sandbox, async () => {
      if (!sandbox.isExisting) return false;
      await this.lifecycle.stop(sandbox);
      return true;
    });
  }

  /** Stops and starts the owner's sandbox; creates it where there is none. */
  async restart(owner: Owner): Promise<SandboxStatus> {
    const sandbox = await this.registry.get(owner);
    await this.#exclusively(sandbox, async () => {
      await this.lifecycle.stop(sandbox);
      await this.starts.bringUp(sandbox, owner);
    });
    this.#noteUse(sandbox);
    return await this.#describe(sandbox, this.#usageMeter.last(sandbox));
  }

  /** Removes the owner's sandbox and keeps its files; false where there is none. */
  async remove(owner: Owner): Promise<boolean> {
    const sandbox = await this.registry.get(owner);
    return await this.#exclusively(sandbox, async () => {
      if (!sandbox.isExisting) return false;
      await this.lifecycle.remove(sandbox);
      this.starts.forget(sandbox);
      return true;
    });
  }

  /** Does work with the agent of the owner's sandbox, which is created or started first; it is not idle meanwhile. */
  async use<T>(owner: Owner, work: Work<T>): Promise<T> {
    return await this.#withAgent(owner, (sandbox, connection, memory) =>
      work(connection, memory, this.#survivalOf(sandbox)),
    );
  }

  /** Like `use`, for work that fills the disk: throws `no_space` where the server's is used up, or the sandbox is over a limit that is only measured. */
  async write<T>(owner: Owner, work: Work<T>): Promise<T> {
    return await this.#withAgent(owner, async (sandbox, connection, memory, readyByMs) => {
      await this.#requireRoom(sandbox, readyByMs);
      const survival = this.#survivalOf(sandbox);
      return await this.#diskMeter.whileWriting(sandbox, () => work(connection, memory, survival));
    });
  }

  /** Like `use`, and counts as an execution. */
  async execute<T>(owner: Owner, work: Work<T>): Promise<T> {
    return await this.#withAgent(owner, async (sandbox, connection, memory) => {
      this.#touch(sandbox, 1);
      return await work(connection, memory, this.#survivalOf(sandbox));
    });
  }

  /** Like `execute`, for work that fills the disk. */
  async install<T>(owner: Owner, work: Work<T>): Promise<T> {
    return await this.#withAgent(owner, async (sandbox, connection, memory, readyByMs) => {
      this.#touch(sandbox, 1);
      await this.#requireRoom(sandbox, readyByMs);
      return await work(connection, memory, this.#survivalOf(sandbox));
    });
  }

  /** Stops a sandbox that nothing uses; false where something does. */
  async stopIfIdle(sandbox: Sandbox): Promise<boolean> {
    if (!sandbox.isIdle) return false;
    return await sandbox.mutex.run(async () => {
      if (sandbox.calls > 0) return false;
      await this.lifecycle.stop(sandbox);
      return true;
    });
  }

  /** Makes all calls that are under way end at once, and refuses others. */
  endCalls(): void {
    this.#ending.abort(
      new SandboxError('unavailable', 'The server is being stopped; try again in a moment.', { retryAfterSeconds: 5 }),
    );
    const failure = new AgentFailure('lost', 'The server was stopped while the sandbox worked; try again in a moment.');
    for (const sandbox of this.registry.all()) sandbox.link?.close(failure);
  }

  /** Drains the pool and lets go of all agents; the sandboxes that have owners run on. */
  async close(): Promise<void> {
    this.endCalls();
    await withDeadline(this.#drain(), DRAIN_MS, 'The engine is slow: the pool is not drained.').catch(this.#onError);
    await this.#diskMeter.close();
    await this.guards.close();
  }

  async #drain(): Promise<void> {
    await this.pool.close();
    await this.reconciler.finish();
  }

  async #withAgent<T>(
    owner: Owner,
    work: (sandbox: Sandbox, connection: AgentConnection, memory: SandboxMemory, readyByMs: number) => Promise<T>,
  ): Promise<T> {
    const readyByMs = performance.now() + READY_MS;
    const sandbox = this.registry.peek(owner) ?? (await this.registry.get(owner));
    this.#ending.signal.throwIfAborted();
    sandbox.beginCall(this.#config.maxExecutions);
    try {
      const connection = await this.#connectionOf(sandbox, owner);
      const memory = new SandboxMemory(this.#engine, this.#config, sandbox);
      return await work(sandbox, connection, memory, readyByMs);
    } finally {
      sandbox.endCall(this.#clock.monotonicMs());
      this.#touch(sandbox, 0);
      this.#diskMeter.noteWork(sandbox);
    }
  }

  #survivalOf(sandbox: Sandbox): () => Promise<boolean> {
    const { link } = sandbox;
    return async () => !this.#ending.signal.aborted && (await runsOn(sandbox, link));
  }

  async #requireRoom(sandbox: Sandbox, readyByMs: number): Promise<void> {
    const leftMs = Math.max(0, readyByMs - performance.now());
    const sentence = 'The sandbox still measures how full it is; try again in a moment.';
    await withDeadline(this.#diskMeter.requireRoom(sandbox), leftMs, sentence, this.#ending.signal);
  }

  #connectionOf(sandbox: Sandbox, owner: Owner): Promise<AgentConnection> | AgentConnection {
    const current = sandbox.state === 'running' && sandbox.mutex.isFree ? sandbox.link?.current : undefined;
    if (current) return current;
    const connected = sandbox.mutex.run(() => this.starts.bringUp(sandbox, owner));
    const sentence = 'The sandbox is still starting; try again in a moment.';
    return withDeadline(connected, READY_MS, sentence, this.#ending.signal);
  }

  async #exclusively<T>(sandbox: Sandbox, work: () => Promise<T>): Promise<T> {
    this.#ending.signal.throwIfAborted();
    const sentence = 'The engine is slow: the sandbox is still being changed; look at its status.';
    return await withDeadline(sandbox.mutex.run(work), CREATE_MS, sentence, this.#ending.signal);
  }

  #noteUse(sandbox: Sandbox): void {
    sandbox.lastUsedMs = this.#clock.monotonicMs();
    this.#touch(sandbox, 0);
  }

  /** Remembers what was asked for where the sandbox has it already: it stays so when the configuration's own changes. */
  #keep({ record }: Sandbox, overrides: SandboxOverrides): void {
    if (record) record.overrides = { ...record.overrides, ...overrides };
  }

  #touch(sandbox: Sandbox, executions: number): void {
    if (!sandbox.record || sandbox.record.deletedAtMs !== null) return;
    sandbox.record.lastUsedAtMs = this.#clock.wallMs();
    sandbox.record.executions += executions;
    this.#store.writeSoon(sandbox.record);
  }

  async #describe(sandbox: Sandbox, usage: Usage): Promise<SandboxStatus> {
    return toStatus(sandbox, usage, await this.#diskMeter.usage(sandbox));
  }
}
