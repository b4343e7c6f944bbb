import type { Clock } from '../../async/clock.ts';
import type { DiskUsage } from '../../disks/base/disk.ts';
import { type MachineFigures, MachineLoad } from '../../machine/machine-load.ts';
import type { Figures } from '../../observability/gauges.ts';
import { SHARED_NAMESPACE } from '../asked/ref.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import type { DiskMeter } from './disk-meter.ts';
import type { Usage, UsageMeter } from './usage-meter.ts';

/** Sandboxes that are asked at the same time. */
const AT_A_TIME = 4;

/** Sandboxes whose own figures are kept, so that what reads them stays small. */
const MAX_EACH = 200;

const NOTHING: Figures = {
  containers: 0,
  cpuPercent: 0,
  memoryBytes: 0,
  sentBytes: 0,
  receivedBytes: 0,
  diskBytes: 0,
  uptimeSeconds: 0,
};

interface SamplerParts {
  /** `metricsPerSandbox`: whether the figures of single sandboxes are kept. */
  readonly config: { readonly dataDir: string; readonly metricsPerSandbox: boolean };
  readonly clock: Clock;
  readonly sandboxes: () => Iterable<Sandbox>;
  readonly usageMeter: UsageMeter;
  readonly diskMeter: DiskMeter;
}

/** Measures what the sandboxes that run take, all together; frozen ones are not asked. */
export class Sampler {
  /** Told how long a sandbox took to answer, in milliseconds. */
  onRoundTrip: (ms: number) => void = () => undefined;
  /** Told what each sandbox takes. */
  onMeasured: (sandbox: Sandbox, usage: Usage, disk: DiskUsage | null) => Promise<void> = async () => undefined;
  readonly #parts: SamplerParts;
  readonly #machine: MachineLoad;
  #last = NOTHING;
  #each: ReadonlyMap<string, Figures> = new Map();

  constructor(parts: SamplerParts) {
    this.#parts = parts;
    this.#machine = new MachineLoad(parts.config.dataDir);
  }

  /** What the last look found; zeros before the first. */
  get last(): Figures {
    return this.#last;
  }

  /** The same of single sandboxes, where that is configured: by the id that another API has for them, else that of their container; of 200 at the most. */
  get each(): ReadonlyMap<string, Figures> {
    return this.#each;
  }

  /** How much of the machine was in use. */
  get machine(): MachineFigures {
    return this.#machine.last;
  }

  /** Looks once; what cannot be measured is left out. */
  async sample(): Promise<void> {
    const { clock, sandboxes, config } = this.#parts;
    await this.#machine.sample();
    const running = [...sandboxes()].filter((sandbox) => sandbox.state === 'running' && sandbox.mutex.isFree);
    let sum = { ...NOTHING, containers: running.length };
    const each = new Map<string, Figures>();
    for (let at = 0; at < running.length; at += AT_A_TIME) {
      const some = running.slice(at, at + AT_A_TIME);
      const measured = await Promise.allSettled(some.map((sandbox) => this.#measure(sandbox, clock.wallMs())));
      for (const [index, result] of measured.entries()) {
        const sandbox = some[index];
        if (result.status === 'rejected' || !sandbox) continue;
        sum = add(sum, result.value);
        const name = nameOf(sandbox);
        if (config.metricsPerSandbox && name !== null && each.size < MAX_EACH) each.set(name, result.value);
      }
    }
    this.#last = sum;
    this.#each = each;
  }

  async #measure(sandbox: Sandbox, nowMs: number): Promise<Figures> {
    const { usageMeter, diskMeter } = this.#parts;
    const startedAtMs = performance.now();
    const usage = await usageMeter.measure(sandbox);
    this.onRoundTrip(performance.now() - startedAtMs);
    const disk = sandbox.record && (await diskMeter.usage(sandbox.record));
    await this.onMeasured(sandbox, usage, disk);
    return {
      containers: 0,
      cpuPercent: usage.cpuPercent,
      memoryBytes: usage.memoryBytes,
      sentBytes: sandbox.egress?.counters.sentBytes ?? 0,
      receivedBytes: sandbox.egress?.counters.receivedBytes ?? 0,
      diskBytes: disk?.usedBytes ?? 0,
      uptimeSeconds: sandbox.record ? Math.max(0, (nowMs - sandbox.record.createdAtMs) / 1000) : 0,
    };
  }
}

/** The id that clients have where ids are ours, else that of the container: an id of a user is in no metric. */
function nameOf({ engineId, record }: Sandbox): string | null {
  return record && record.address.namespace !== SHARED_NAMESPACE ? record.address.id : engineId;
}

function add(one: Figures, other: Figures): Figures {
  return {
    containers: one.containers + other.containers,
    cpuPercent: Math.max(one.cpuPercent, other.cpuPercent),
    memoryBytes: one.memoryBytes + other.memoryBytes,
    sentBytes: one.sentBytes + other.sentBytes,
    receivedBytes: one.receivedBytes + other.receivedBytes,
    diskBytes: one.diskBytes + other.diskBytes,
    uptimeSeconds: Math.max(one.uptimeSeconds, other.uptimeSeconds),
  };
}
