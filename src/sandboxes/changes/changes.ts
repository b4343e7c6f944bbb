import type { Clock } from '../../async/clock.ts';
import { withDeadline } from '../../async/deadline.ts';
import { SandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import { requireOwn, type SandboxRef } from '../asked/ref.ts';
import type { DiskMeter } from '../metering/disk-meter.ts';
import type { Usage } from '../metering/usage-meter.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { type SandboxStatus, toStatus } from '../status/status.ts';
import type { SandboxStore } from '../storage/store.ts';
import { isEmpty, NO_SETTINGS, type Settings, type SettingsChange, toChanged } from './settings-change.ts';

/** How long a change may take which is all that a call does, in milliseconds. */
const CHANGE_MS = 50_000;

/** What changes of records work with. */
export interface ChangesParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly store: SandboxStore;
  readonly registry: Registry;
  readonly diskMeter: DiskMeter;
  /** Raised when the server ends: calls that wait for a sandbox reject with its reason. */
  readonly ending: AbortSignal;
}

/** What every change of a sandbox needs: finds it for who asks, holds it meanwhile, and describes it. */
export class Changes {
  readonly #parts: ChangesParts;

  constructor(parts: ChangesParts) {
    this.#parts = parts;
  }

  /** The sandbox, which need not exist; throws `not_found` where it is another principal's. */
  async find(ref: SandboxRef): Promise<Sandbox> {
    const sandbox = await this.#parts.registry.get(ref.address);
    requireOwn(ref, sandbox.record);
    return sandbox;
  }

  /** The sandbox; throws `not_found` where it does not exist. */
  async findExisting(ref: SandboxRef): Promise<Sandbox> {
    const sandbox = await this.find(ref);
    requireExisting(sandbox);
    return sandbox;
  }

  /** Works on the sandbox while nobody else does; throws `timeout` where that takes too long, and the work goes on. */
  async exclusively<T>(sandbox: Sandbox, work: () => Promise<T>): Promise<T> {
    this.#parts.ending.throwIfAborted();
    const sentence = 'The engine is slow: the sandbox is still being changed; look at its status.';
    return await withDeadline(sandbox.mutex.run(work), CHANGE_MS, sentence, this.#parts.ending);
  }

  /** Throws where the settings of the sandbox, or of one that is to be made, cannot be changed so; returns the time that this is said of. */
  requirePossible(sandbox: Sandbox, change: SettingsChange): number {
    const nowMs = this.#parts.clock.wallMs();
    this.#toChanged(sandbox, change, nowMs);
    return nowMs;
  }

  /** Changes the settings of a sandbox that exists; resolves once that is on disk. */
  async apply(sandbox: Sandbox, change: SettingsChange, nowMs = this.#parts.clock.wallMs()): Promise<void> {
    if (!sandbox.record || isEmpty(change)) return;
    sandbox.record = { ...sandbox.record, ...this.#toChanged(sandbox, change, nowMs) };
    await this.#parts.store.write(sandbox.record);
  }

  #toChanged({ isExisting, record }: Sandbox, change: SettingsChange, nowMs: number): Settings {
    const limits = { idleMaxSeconds: this.#parts.config.idleMaxSeconds, nowMs };
    return toChanged(isExisting && record ? record : NO_SETTINGS, change, limits);
  }

  /** Notes that somebody uses the sandbox now, and runs N programs in it. */
  noteUse(sandbox: Sandbox, executions = 0): void {
    sandbox.lastUsedMs = this.#parts.clock.monotonicMs();
    this.touch(sandbox, executions);
  }

  /** The same for the record alone. */
  touch({ record }: Sandbox, executions: number): void {
    if (!record || record.deletedAtMs !== null) return;
    record.lastUsedAtMs = this.#parts.clock.wallMs();
    record.executions += executions;
    this.#parts.store.writeSoon(record);
  }

  /** What it is now, with these figures. */
  async describe(sandbox: Sandbox, usage: Usage): Promise<SandboxStatus> {
    const { record } = sandbox;
    if (!record) throw notFound();
    const { diskMeter, config } = this.#parts;
    return toStatus(record, { sandbox, usage, disk: await diskMeter.usage(record), config });
  }
}

/** Throws `not_found` for a sandbox that was never made, or was deleted. */
export function requireExisting(sandbox: Sandbox): void {
  if (!sandbox.isExisting) throw notFound();
}

function notFound(): SandboxError {
  return new SandboxError('not_found', 'Sandbox not found');
}
