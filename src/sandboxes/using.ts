import type { AgentConnection } from '../agent/wire/connection.ts';
import type { Clock } from '../async/clock.ts';
import { withDeadline } from '../async/deadline.ts';
import { isSandboxError, SandboxError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import type { Engine } from '../engines/engine.ts';
import type { CoreEvents } from '../observability/core-events.ts';
import type { HeldSandbox, UseOptions } from './access.ts';
import { DEFAULT_LIFE } from './asked/life-policy.ts';
import { requireMadeByUse, requireOwn, type SandboxRef } from './asked/ref.ts';
import { type Changes, requireExisting } from './changes/changes.ts';
import type { Provisioner } from './lifecycle/provisioner.ts';
import { runsOn } from './lifecycle/survival.ts';
import type { DiskMeter } from './metering/disk-meter.ts';
import { SandboxMemory } from './metering/memory.ts';
import { OwnFolders } from './own-folders.ts';
import type { LeaseKind } from './registry/leases.ts';
import type { Registry } from './registry/registry.ts';
import type { Sandbox } from './registry/sandbox.ts';
import { resolveSpec } from './spec/sandbox-spec.ts';

/** How long a call may wait until its sandbox is up and has room, in milliseconds: clients wait ten seconds more than the run itself. */
const READY_MS = 8_000;

/** File operations under way in one sandbox. */
const MAX_FILE_CALLS = 64;

/** Readers of events in one sandbox, and watchers of folders. */
const MAX_STREAMS = 64;
const MAX_WATCHES = 64;

/** Viewers of terminals, and open connections of previews, in one sandbox. */
const MAX_VIEWERS = 32;
const MAX_PREVIEWS = 512;

/** What calls need to find their sandboxes up. */
export interface UsingParts {
  readonly changes: Changes;
  readonly engine: Engine;
  readonly config: Config;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly provisioner: Provisioner;
  readonly diskMeter: DiskMeter;
  readonly events: CoreEvents;
  /** How long a call may wait until its sandbox is up and has room, where it is not the usual. */
  readonly readyMs?: number | undefined;
  /** Raised when the server ends: calls that wait for a sandbox reject with its reason. */
  readonly ending: AbortSignal;
}

interface Use {
  readonly lease: LeaseKind;
  readonly isUse: boolean;
  readonly startedAtMs: number;
}

/** Holds sandboxes awake for who uses them, and brings them up first. */
export class Using {
  readonly #parts: UsingParts;
  readonly #changes: Changes;
  readonly #ownFolders = new OwnFolders();
  readonly #readyMs: number;
  readonly #maxLeases: Readonly<Record<LeaseKind, number>>;

  constructor(parts: UsingParts) {
    this.#parts = parts;
    this.#changes = parts.changes;
    this.#readyMs = parts.readyMs ?? READY_MS;
    const previews = { preview: MAX_PREVIEWS, visit: MAX_PREVIEWS };
    const readers = { stream: MAX_STREAMS, watch: MAX_WATCHES, terminal: MAX_VIEWERS };
    this.#maxLeases = { run: parts.config.maxExecutions, file: MAX_FILE_CALLS, ...readers, ...previews };
  }

  /** Throws `limit` where as many leases of that kind are held as may be. */
  requireFree(ref: SandboxRef, lease: LeaseKind): void {
    this.#parts.registry.peek(ref.address)?.leases.requireFree(lease, this.#maxLeases[lease]);
  }

  /** A sandbox that is up, under a lease that is held until `release`, which is told what the work threw. */
  async acquire(ref: SandboxRef, options: UseOptions): Promise<HeldSandbox> {
    const { engine, config, clock, registry, events, ending } = this.#parts;
    const { lease, isUse = true } = options;
    const startedAtMs = performance.now();
    const sandbox = registry.peek(ref.address) ?? (await registry.get(ref.address));
    requireOwn(ref, sandbox.record);
    ending.throwIfAborted();
    if (options.thawsOnly) requireAwakeable(sandbox);
    requireNotHalted(sandbox);
    sandbox.leases.take(lease, this.#maxLeases[lease]);
    if (isUse) sandbox.lastUsedMs = clock.monotonicMs();
    const release = (error: unknown) => this.#release(sandbox, { lease, isUse, startedAtMs }, error);
    try {
      const connection = await this.#connectionOf(sandbox, ref, options.thawsOnly);
      const cwd = sandbox.record?.cwd ?? undefined;
      if (cwd !== undefined) await this.#ownFolders.require(connection, cwd);
      if (lease === 'run') this.#changes.touch(sandbox, 1);
      if (options.needsRoom) await this.#requireRoom(sandbox, startedAtMs + this.#readyMs);
      const { link } = sandbox;
      return {
        sandbox,
        connection,
        env: sandbox.env,
        cwd,
        memory: new SandboxMemory(engine, sandbox.engineId, resolveSpec(config, sandbox.asked)),
        runsOn: async () => !ending.aborted && (await runsOn(sandbox, link)),
        noteRun: (language, tookMs, runEnding) =>
          events.emit({ type: 'run', sandboxId: sandbox.id, language, tookMs, ending: runEnding }),
        isServerEnding: () => ending.aborted,
        wake: () => this.#wake(sandbox, ref),
        release,
      };
    } catch (error) {
      release(error);
      throw error;
    }
  }

  #release(sandbox: Sandbox, { lease, isUse, startedAtMs }: Use, error: unknown): void {
    const { diskMeter, events } = this.#parts;
    sandbox.leases.release(lease);
    if (isUse) this.#changes.noteUse(sandbox);
    diskMeter.noteWork(sandbox);
    const kind = error === null ? null : isSandboxError(error) ? error.kind : 'internal';
    const tookMs = performance.now() - startedAtMs;
    events.emit({ type: 'use', sandboxId: sandbox.id, lease, tookMs, error: kind });
  }

  async #wake(sandbox: Sandbox, ref: SandboxRef): Promise<void> {
    this.#changes.noteUse(sandbox);
    if (sandbox.state === 'paused') await this.#connectionOf(sandbox, ref);
  }

  async #requireRoom(sandbox: Sandbox, readyByMs: number): Promise<void> {
    const leftMs = Math.max(0, readyByMs - performance.now());
    const sentence = 'The sandbox still measures how full it is; try again in a moment.';
    await withDeadline(this.#parts.diskMeter.requireRoom(sandbox), leftMs, sentence, this.#parts.ending);
  }

  #connectionOf(sandbox: Sandbox, ref: SandboxRef, thawsOnly = false): Promise<AgentConnection> | AgentConnection {
    const { connection } = sandbox;
    if (connection) return connection;
    const { provisioner, ending } = this.#parts;
    const request = { asked: {}, life: DEFAULT_LIFE };
    const connected = sandbox.mutex.run(async () => {
      if (thawsOnly) requireAwakeable(sandbox);
      if (!sandbox.isExisting) requireMadeByUse(ref);
      requireNotHalted(sandbox);
      if (thawsOnly) return (await provisioner.reach(sandbox)) ?? refuseStopped();
      return await provisioner.bringUp(sandbox, ref.principal, request);
    });
    return withDeadline(connected, this.#readyMs, 'The sandbox is still starting; try again in a moment.', ending);
  }
}

/** Throws where a sandbox would have to be made or started; one that somebody starts is waited for. */
function requireAwakeable(sandbox: Sandbox): void {
  if (sandbox.isUp || sandbox.state === 'creating') return;
  requireExisting(sandbox);
  refuseStopped();
}

function refuseStopped(): never {
  throw new SandboxError('unreachable', 'The sandbox is stopped; it starts with the next call of its user to the API.');
}

/** Throws `conflict` where somebody had it stopped until it is restarted. */
function requireNotHalted(sandbox: Sandbox): void {
  if (sandbox.life.staysSuspended && sandbox.isSuspended) {
    throw new SandboxError('unreachable', 'The sandbox is paused; resume it first.');
  }
  if (sandbox.isHalted) throw new SandboxError('conflict', 'Sandbox is stopped');
}
