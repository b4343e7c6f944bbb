import { setMaxListeners } from 'node:events';
import type { AgentConnection } from '../agent/connection.ts';
import { AgentFailure } from '../agent/failures.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { withDeadline } from '../deadline.ts';
import type { DiskUsage } from '../disks/disk.ts';
import type { EgressBooks } from '../egress/books.ts';
import type { Engine } from '../engines/engine.ts';
import { isSandboxError, SandboxError } from '../errors.ts';
import { Capacity } from './capacity.ts';
import { DiskMeter } from './disk-meter.ts';
import { DiskSweep } from './disk-sweep.ts';
import { Lifecycle, type LifecycleParts } from './lifecycle.ts';
import { SandboxMemory } from './memory.ts';
import { changesSpec, checkOverrides } from './overrides.ts';
import type { Owner, SandboxId } from './owner.ts';
import { Pool } from './pool.ts';
import { Quota } from './quota.ts';
import type { SandboxOverrides } from './record.ts';
import { Registry } from './registry.ts';
import type { Sandbox } from './sandbox.ts';
import type { SandboxState } from './state.ts';
import type { SandboxStore } from './store.ts';
import { StraySweep } from './stray-sweep.ts';
import { type TrialParts, tryOut } from './trial.ts';
import { type Usage, UsageMeter } from './usage-meter.ts';

/** How long a call may wait until its sandbox is up and has room, in milliseconds: clients wait ten seconds more than the run itself. */
const READY_MS = 8_000;

/** The same for a create or restart, which does nothing else. */
const CREATE_MS = 50_000;

/** How long the end of a server may wait for its pool, in milliseconds. */
const DRAIN_MS = 5_000;

/** What a client may know of a sandbox. */
export interface SandboxStatus extends Usage {
  readonly owner: Owner;
  readonly state: SandboxState;
  /** The engine's id; empty where the sandbox has no container. */
  readonly engineId: string;
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number;
  readonly executions: number;
  /** How full the disk is; null where nothing limits it, and where it was not measured yet. */
  readonly disk: DiskUsage | null;
  /** What it has used of its way out; null where it does not run, and where its network is not the proxy. */
  readonly egress: EgressBooks | null;
}

/** Work with a sandbox's agent; it may also ask after the sandbox's memory. */
type Work<T> = (connection: AgentConnection, memory: SandboxMemory) => Promise<T>;

/** The life of sandboxes as dialects see it. */
export class SandboxService {
  readonly registry: Registry;
  readonly capacity: Capacity;
  readonly lifecycle: Lifecycle;
  readonly pool: Pool;
  readonly #quota = new Quota();
  readonly diskSweep: DiskSweep;
  readonly straySweep: StraySweep;
  readonly #diskMeter: DiskMeter;
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #usageMeter: UsageMeter;
  readonly #store: SandboxStore;
  readonly #engine: Engine;
  readonly #trialParts: TrialParts;
  readonly #onError: (error: unknown) => void;
  readonly #ending = new AbortController();

  constructor(parts: LifecycleParts) {
    this.#onError = parts.onError;
    // Every call that waits listens, and there may be many.
    setMaxListeners(0, this.#ending.signal);
    this.#engine = parts.engine;
    this.#trialParts = parts;
    this.#config = parts.config;
    this.#clock = parts.clock;
    this.#usageMeter = new UsageMeter(parts.engine, parts.clock);
    this.#store = parts.store;
    this.registry = new Registry(parts.store, parts.clock);
    this.diskSweep = new DiskSweep(parts.disks, parts.store, this.registry);
    this.#diskMeter = new DiskMeter(parts);
    this.lifecycle = new Lifecycle(
      parts,
      () => this.capacity,
      () => this.pool,
    );
    this.capacity = new Capacity(
      parts.config.maxSandboxes,
      () => this.registry.all(),
      (sandbox) => this.stopIfIdle(sandbox),
      () => this.pool.giveUpOne(),
    );
    this.pool = new Pool({
      ...parts,
      capacity: this.capacity,
      isBusy: () => this.lifecycle.isStarting,
      onError: parts.onError,
    });
    const { registry, lifecycle, pool } = this;
    this.straySweep = new StraySweep({ ...parts, registry, lifecycle, pool });
  }

  /** Counts the sandboxes that earlier servers left, if a key may have only so many. */
  async countByCreator(): Promise<void> {
    if (this.#config.apiKeys.every((key) => key.maxSandboxes === null)) return;
    for await (const { id, createdBy, deletedAtMs } of this.#store.records()) {
      if (createdBy !== null && deletedAtMs === null) this.#quota.add(createdBy, id as SandboxId);
    }
  }

  /** Makes sure that the owner has a running sandbox, with these overrides if any are given. */
  async create(owner: Owner, overrides: SandboxOverrides): Promise<SandboxStatus> {
    checkOverrides(overrides, this.#config);
    const sandbox = await this.registry.get(owner);
    await this.#exclusively(sandbox, async () => {
      if (isExisting(sandbox) && changesSpec(sandbox.record?.overrides ?? {}, overrides, this.#config))
        await this.#changeSpec(sandbox, owner, overrides);
      else await this.#bringUp(sandbox, owner, overrides);
      this.#keep(sandbox, overrides);
    });
    this.#noteUse(sandbox);
    return await this.#describe(sandbox, this.#usageMeter.last(sandbox));
  }

  /** The owner's sandbox with live figures; throws `not_found` where there is none. */
  async status(owner: Owner): Promise<SandboxStatus> {
    const sandbox = await this.registry.get(owner);
    if (!isExisting(sandbox)) throw new SandboxError('not_found', 'Sandbox not found');
    return await this.#describe(sandbox, await this.#usageMeter.measure(sandbox));
  }

  /** Stops the owner's sandbox; false where there is none. */
  async stop(owner: Owner): Promise<boolean> {
    const sandbox = await this.registry.get(owner);
    return await this.#exclusively(sandbox, async () => {
      if (!isExisting(sandbox)) return false;
      await this.lifecycle.stop(sandbox);
      return true;
    });
  }

  /** Stops and starts the owner's sandbox; creates it where there is none. */
  async restart(owner: Owner): Promise<SandboxStatus> {
    const sandbox = await this.registry.get(owner);
    await this.#exclusively(sandbox, async () => {
      await this.lifecycle.stop(sandbox);
      await this.#bringUp(sandbox, owner);
    });
    this.#noteUse(sandbox);
    return await this.#describe(sandbox, this.#usageMeter.last(sandbox));
  }

  /** Removes the owner's sandbox and keeps its files; false where there is none. */
  async remove(owner: Owner): Promise<boolean> {
    const sandbox = await this.registry.get(owner);
    return await this.#exclusively(sandbox, async () => {
      if (!isExisting(sandbox)) return false;
      await this.lifecycle.remove(sandbox);
      this.#dropFromQuota(sandbox);
      return true;
    });
  }

  /** Does work with the agent of the owner's sandbox, which is created or started first; it is not idle meanwhile. */
  async use<T>(owner: Owner, work: Work<T>): Promise<T> {
    return await this.#withAgent(owner, (_sandbox, connection, memory) => work(connection, memory));
  }

  /** Like `use`, for work that fills the disk: throws `no_space` where the sandbox is over a limit that is only measured. */
  async write<T>(owner: Owner, work: Work<T>): Promise<T> {
    return await this.#withAgent(owner, async (sandbox, connection, memory, readyByMs) => {
      await this.#requireRoom(sandbox, readyByMs);
      return await work(connection, memory);
    });
  }

  /** Like `use`, and counts as an execution. */
  async execute<T>(owner: Owner, work: Work<T>): Promise<T> {
    return await this.#withAgent(owner, async (sandbox, connection, memory) => {
      this.#touch(sandbox, 1);
      return await work(connection, memory);
    });
  }

  /** Like `execute`, for work that fills the disk. */
  async install<T>(owner: Owner, work: Work<T>): Promise<T> {
    return await this.#withAgent(owner, async (sandbox, connection, memory, readyByMs) => {
      this.#touch(sandbox, 1);
      await this.#requireRoom(sandbox, readyByMs);
      return await work(connection, memory);
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
  }

  async #drain(): Promise<void> {
    await this.pool.close();
    await this.straySweep.finish();
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

  async #requireRoom(sandbox: Sandbox, readyByMs: number): Promise<void> {
    const leftMs = Math.max(0, readyByMs - performance.now());
    const sentence = 'The sandbox still measures how full it is; try again in a moment.';
    await withDeadline(this.#diskMeter.requireRoom(sandbox), leftMs, sentence, this.#ending.signal);
  }

  #connectionOf(sandbox: Sandbox, owner: Owner): Promise<AgentConnection> | AgentConnection {
    const current = sandbox.state === 'running' && sandbox.mutex.isFree ? sandbox.link?.current : undefined;
    if (current) return current;
    const connected = sandbox.mutex.run(() => this.#bringUp(sandbox, owner));
    const sentence = 'The sandbox is still starting; try again in a moment.';
    return withDeadline(connected, READY_MS, sentence, this.#ending.signal);
  }

  /** Brings a sandbox up; one that does not exist is made by who asks, if that is not one too many. */
  async #bringUp(sandbox: Sandbox, owner: Owner, overrides: SandboxOverrides = {}): Promise<AgentConnection> {
    if (isExisting(sandbox)) return await this.lifecycle.bringUp(sandbox, overrides);
    const { creator } = owner;
    if (creator) this.#quota.take(creator, sandbox.id);
    sandbox.creator = creator;
    try {
      return await this.lifecycle.bringUp(sandbox, overrides);
    } catch (error) {
      // A fault of the image looks like a passing one of the engine.
      if (overrides.image && isSandboxError(error, 'unavailable')) await this.#tryOut(sandbox.id, overrides);
      throw error;
    } finally {
      if (creator && !isExisting(sandbox)) this.#quota.drop(creator.name, sandbox.id);
    }
  }

  #dropFromQuota({ id, record }: Sandbox): void {
    if (record?.createdBy) this.#quota.drop(record.createdBy, id);
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

  /** Starts it with another spec; what cannot run is refused while the sandbox is as it was, and its record stays whatever fails. */
  async #changeSpec(sandbox: Sandbox, owner: Owner, overrides: SandboxOverrides): Promise<void> {
    if (sandbox.calls > 0) {
      throw new SandboxError('conflict', 'The sandbox is busy; its image and limits can change when it is idle.');
    }
    const before = sandbox.record?.overrides ?? {};
    await this.#tryOut(sandbox.id, { ...before, ...overrides });
    await this.lifecycle.stop(sandbox);
    try {
      await this.#bringUp(sandbox, owner, overrides);
    } catch (error) {
      if (sandbox.record) {
        sandbox.record = { ...sandbox.record, overrides: before };
        await this.#store.write(sandbox.record).catch(this.#onError);
      }
      throw error;
    }
  }

  async #tryOut(id: SandboxId, { image, memoryBytes, cpus }: SandboxOverrides): Promise<void> {
    const config = this.#config;
    await tryOut(this.#trialParts, {
      name: `trial-${id}`,
      image: image ?? config.image,
      memoryBytes: memoryBytes ?? config.memoryBytes,
      cpus: cpus ?? config.cpus,
    });
  }

  async #describe(sandbox: Sandbox, usage: Usage): Promise<SandboxStatus> {
    const { record } = sandbox;
    if (!record) throw new SandboxError('not_found', 'Sandbox not found');
    const disk = await this.#diskMeter.usage(sandbox);
    return {
      owner: sandbox.owner,
      state: sandbox.state,
      engineId: sandbox.engineId ?? record.engineId ?? '',
      createdAtMs: record.createdAtMs,
      lastUsedAtMs: record.lastUsedAtMs,
      executions: record.executions,
      ...usage,
      disk,
      egress: sandbox.egress && { ...sandbox.egress.books },
    };
  }
}

function isExisting(sandbox: Sandbox): boolean {
  return sandbox.record !== null && sandbox.record.deletedAtMs === null;
}
