import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../async/clock.ts';
import { isSandboxError, SandboxError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import type { DiskUsage } from '../disks/base/disk.ts';
import type { SandboxRef } from './asked/ref.ts';
import { type Changes, requireExisting } from './changes/changes.ts';
import type { DiskMeter } from './metering/disk-meter.ts';
import type { Usage, UsageMeter } from './metering/usage-meter.ts';
import type { Sandbox } from './registry/sandbox.ts';
import { resolveSpec } from './spec/sandbox-spec.ts';

/** Readers of the figures of one sandbox. */
const MAX_READERS = 64;

/** What a sandbox takes of the machine, and what it may. */
export interface UsageReport extends Usage {
  /** How many CPUs it may use at once. */
  readonly cpus: number;
  readonly memoryLimitBytes: number;
  /** Null where nothing limits it, and where it was not measured yet. */
  readonly disk: DiskUsage | null;
  /** Through its way out, since it was started. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** On the wall clock. */
  readonly atMs: number;
}

interface ReporterParts {
  readonly changes: Changes;
  readonly config: Config;
  readonly clock: Clock;
  readonly diskMeter: DiskMeter;
  readonly usageMeter: UsageMeter;
}

/** Tells what sandboxes take; that neither starts nor uses them. */
export class UsageReporter {
  readonly #parts: ReporterParts;
  readonly #readers = new WeakMap<Sandbox, number>();

  constructor(parts: ReporterParts) {
    this.#parts = parts;
  }

  /** The figures of this moment, zeros where it does not run; throws `not_found` where there is none. */
  async report(ref: SandboxRef): Promise<UsageReport> {
    return await this.#measure(await this.#parts.changes.findExisting(ref));
  }

  /** The same again and again, until the signal or the deletion of the sandbox. */
  async *watch(ref: SandboxRef, intervalMs: number, signal: AbortSignal): AsyncGenerator<UsageReport> {
    const sandbox = await this.#parts.changes.findExisting(ref);
    this.#countReader(sandbox, 1);
    try {
      yield await this.#measure(sandbox);
      while (await slept(intervalMs, signal)) {
        // It is another one in memory after a time without a use.
        yield await this.report(ref);
      }
    } catch (error) {
      if (!isSandboxError(error, 'not_found')) throw error;
    } finally {
      this.#countReader(sandbox, -1);
    }
  }

  #countReader(sandbox: Sandbox, change: 1 | -1): void {
    const readers = (this.#readers.get(sandbox) ?? 0) + change;
    if (readers > MAX_READERS) {
      const sentence = `The usage of this sandbox already has ${MAX_READERS} readers; try again when one is done.`;
      throw new SandboxError('limit', sentence, { retryAfterSeconds: 1 });
    }
    this.#readers.set(sandbox, readers);
  }

  async #measure(sandbox: Sandbox): Promise<UsageReport> {
    const { config, clock, diskMeter, usageMeter } = this.#parts;
    const usage = await usageMeter.measure(sandbox);
    requireExisting(sandbox);
    const counters = sandbox.egress?.counters;
    const { cpus, memoryBytes: memoryLimitBytes } = resolveSpec(config, sandbox.asked);
    return {
      ...usage,
      cpus,
      memoryLimitBytes,
      disk: sandbox.record && (await diskMeter.usage(sandbox.record)),
      sentBytes: counters?.sentBytes ?? 0,
      receivedBytes: counters?.receivedBytes ?? 0,
      atMs: clock.wallMs(),
    };
  }
}

/** False where the signal came first. */
async function slept(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return await sleep(milliseconds, true, { signal }).catch(() => false);
}
