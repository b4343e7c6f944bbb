import type { z } from 'zod';
import type { Alert } from '../../../sandboxes/alerts/alerts.ts';
import type { SandboxStatus } from '../../../sandboxes/status/status.ts';
import { toMoment } from '../fields.ts';
import type { alerts, figures, metrics } from './schemas.ts';

/** What a sandbox takes; of what it reads and writes on its disk nothing is counted. */
export function toMetrics(found: SandboxStatus, nowMs: number): z.output<typeof metrics> {
  return {
    timestamp: toMoment(nowMs),
    cpu_usage: found.cpuPercent,
    memory_usage: found.memoryBytes,
    memory_limit: found.memoryLimitBytes,
    network_rx_bytes: found.egress?.receivedBytes ?? 0,
    network_tx_bytes: found.egress?.sentBytes ?? 0,
    block_read_bytes: 0,
    block_write_bytes: 0,
  };
}

/** An alert of this dialect. */
export function toAlert({
  atMs,
  kind,
  severity,
  message,
  resolvedAtMs,
}: Alert): z.output<typeof alerts>['alerts'][number] {
  return {
    timestamp: toMoment(atMs),
    alert_type: kind,
    severity,
    message,
    resolved: resolvedAtMs !== null,
    resolved_at: resolvedAtMs === null ? null : toMoment(resolvedAtMs),
  };
}

/** The same in few words. */
export function toFigures(found: SandboxStatus): z.output<typeof figures> {
  const { cpuPercent, memoryBytes, memoryLimitBytes, egress } = found;
  return {
    cpu_percent: cpuPercent,
    mem_usage: memoryBytes,
    mem_limit: memoryLimitBytes,
    mem_percent: memoryLimitBytes === 0 ? 0 : (memoryBytes / memoryLimitBytes) * 100,
    net_rx: egress?.receivedBytes ?? 0,
    net_tx: egress?.sentBytes ?? 0,
  };
}
