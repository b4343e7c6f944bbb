import type { Clock } from '../../async/clock.ts';
import type { SandboxId } from '../../base/sandbox-address.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import type { DiskMeter } from './disk-meter.ts';
import type { UsageMeter } from './usage-meter.ts';

/** Figures of one sandbox that are kept: an hour of them. */
const MAX_KEPT = 720;

/** Sandboxes that are asked at the same time. */
const AT_A_TIME = 8;

/** What a sandbox took of the machine at a moment of the wall clock. */
export interface PastUsage {
  readonly atMs: number;
  readonly memoryBytes: number;
  /** File cache beside it. */
  readonly cacheBytes: number;
  /** 100 is one CPU in full use. */
  readonly cpuPercent: number;
  readonly diskBytes: number;
}

interface UsageHistoryParts {
  readonly clock: Clock;
  readonly sandboxes: () => Iterable<Sandbox>;
  readonly usageMeter: UsageMeter;
  readonly diskMeter: DiskMeter;
}

/** What sandboxes that are used on terms have taken of late, in memory alone. */
export class UsageHistory {
  readonly #parts: UsageHistoryParts;
  readonly #kept = new Map<SandboxId, PastUsage[]>();

  constructor(parts: UsageHistoryParts) {
    this.#parts = parts;
  }

  /** Oldest first; none of one that is gone. */
  of(id: SandboxId): readonly PastUsage[] {
    return this.#kept.get(id) ?? [];
  }

  /** Looks once at those that run; what cannot be measured is left out. */
  async sample(): Promise<void> {
    const known = [...this.#parts.sandboxes()].filter(({ record }) => record?.terms != null);
    const ids = new Set(known.map(({ id }) => id));
    for (const id of this.#kept.keys()) if (!ids.has(id)) this.#kept.delete(id);
    const running = known.filter(({ state, mutex }) => state === 'running' && mutex.isFree);
    for (let at = 0; at < running.length; at += AT_A_TIME) {
      await Promise.allSettled(running.slice(at, at + AT_A_TIME).map((sandbox) => this.#note(sandbox)));
    }
  }

  async #note(sandbox: Sandbox): Promise<void> {
    const { clock, usageMeter, diskMeter } = this.#parts;
    const { memoryBytes, cacheBytes, cpuPercent } = await usageMeter.measure(sandbox);
    const disk = sandbox.record && (await diskMeter.usage(sandbox.record));
    const kept = this.#kept.get(sandbox.id) ?? [];
    kept.push({ atMs: clock.wallMs(), memoryBytes, cacheBytes, cpuPercent, diskBytes: disk?.usedBytes ?? 0 });
    this.#kept.set(sandbox.id, kept.length > MAX_KEPT ? kept.slice(-MAX_KEPT) : kept);
  }
}
