import type { Clock } from '../../async/clock.ts';
import type { SandboxId } from '../../base/sandbox-address.ts';
import type { Config } from '../../config/config.ts';
import type { DiskUsage } from '../../disks/base/disk.ts';
import type { CoreEvent, CoreEvents } from '../../observability/core-events.ts';
import type { Usage } from '../metering/usage-meter.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { resolveSpec } from '../spec/sandbox-spec.ts';
import type { Alert } from './alert-file.ts';
import type { Alerts } from './alerts.ts';

/** From these parts of a limit on something is high, or critical. */
const HIGH = 0.9;
const CRITICAL = 0.98;

/** Starts that are a loop within that time, in milliseconds. */
const LOOP_STARTS = 3;
const LOOP_MS = 300_000;

/** How long it counts that memory ran out, in milliseconds. */
const OOM_MS = 60_000;

interface AlertWatchParts {
  readonly alerts: Alerts;
  readonly config: Config;
  readonly clock: Clock;
  readonly events: CoreEvents;
  readonly onError: (error: unknown) => void;
}

/** Looks at what sandboxes take and what happens to them, and says what somebody should look at. */
export class AlertWatch {
  readonly #parts: AlertWatchParts;
  /** When main processes were started again, and when memory ran out, on the wall clock. */
  readonly #restarts = new Map<SandboxId, readonly number[]>();
  readonly #outOfMemoryAtMs = new Map<SandboxId, number>();

  constructor(parts: AlertWatchParts) {
    this.#parts = parts;
    parts.events.subscribe((event) => this.#hear(event));
  }

  /** Judges what a running sandbox takes. */
  async look(sandbox: Sandbox, usage: Usage, disk: DiskUsage | null): Promise<void> {
    const { alerts, config, clock } = this.#parts;
    const { id } = sandbox;
    const { cpus, memoryBytes } = resolveSpec(config, sandbox.asked);
    const nowMs = clock.wallMs();
    await alerts.note(id, 'cpu_high', judge('CPU', usage.cpuPercent / (cpus * 100)));
    await alerts.note(id, 'memory_high', judge('memory', usage.memoryBytes / memoryBytes));
    await alerts.note(id, 'disk_high', disk && judge('disk', disk.usedBytes / disk.limitBytes));
    if (nowMs - (this.#outOfMemoryAtMs.get(id) ?? 0) >= OOM_MS) await alerts.note(id, 'oom', null);
    if (this.#recent(id, nowMs).length < LOOP_STARTS) await alerts.note(id, 'restart_loop', null);
  }

  #hear(event: CoreEvent): void {
    const { clock, onError } = this.#parts;
    const { sandboxId: id } = event;
    const nowMs = clock.wallMs();
    if (event.type === 'run' && event.ending === 'oom') {
      this.#outOfMemoryAtMs.set(id, nowMs);
      const message = 'A program was ended, as the memory of the sandbox ran out.';
      void this.#parts.alerts.note(id, 'oom', { severity: 'critical', message }).catch(onError);
    } else if (event.type === 'main_restart') {
      const recent = [...this.#recent(id, nowMs), nowMs];
      this.#restarts.set(id, recent);
      if (recent.length < LOOP_STARTS) return;
      const message = `The main process was started again ${recent.length} times within 5 minutes.`;
      void this.#parts.alerts.note(id, 'restart_loop', { severity: 'critical', message }).catch(onError);
    } else if (event.type === 'state' && (event.to === 'stopped' || event.to === 'absent')) {
      this.#restarts.delete(id);
      this.#outOfMemoryAtMs.delete(id);
      if (event.to === 'stopped' && event.from !== 'absent') void this.#resolveAll(id).catch(onError);
    }
  }

  /** What does not run takes nothing. */
  async #resolveAll(id: SandboxId): Promise<void> {
    for (const kind of ['cpu_high', 'memory_high', 'oom', 'restart_loop'] as const) {
      await this.#parts.alerts.note(id, kind, null);
    }
  }

  #recent(id: SandboxId, nowMs: number): readonly number[] {
    return (this.#restarts.get(id) ?? []).filter((atMs) => nowMs - atMs < LOOP_MS);
  }
}

function judge(what: string, part: number): Pick<Alert, 'severity' | 'message'> | null {
  if (part < HIGH) return null;
  const percent = Math.floor(part * 100);
  return {
    severity: part < CRITICAL ? 'warning' : 'critical',
    message: `The ${what} of the sandbox is at ${percent} %.`,
  };
}
