import type { z } from 'zod';
import { parseSize } from '../../../base/size.ts';
import type { AskedSpec } from '../../../sandboxes/asked/asked-spec.ts';
import type { SettingsChange } from '../../../sandboxes/changes/settings-change.ts';
import type { AskedChange } from '../../../sandboxes/spec/asked-change.ts';
import type { SandboxStatus } from '../../../sandboxes/status/status.ts';
import type { UsageReport } from '../../../sandboxes/usage-report.ts';
import { round, toTimestamp } from '../numbers.ts';
import type { sandboxInfo } from './info-schema.ts';
import type { createBody } from './schemas.ts';
import type { settingsFields, updateBody } from './settings-schemas.ts';
import type { usageInfo } from './state-schemas.ts';

/** What a create asked for, in the core's units. */
export function toAsked(body: z.output<typeof createBody>): AskedSpec {
  return {
    ...(body?.image ? { image: body.image } : {}),
    ...(body?.memory_limit ? { memoryBytes: parseSize(body.memory_limit) } : {}),
    ...(body?.cpu_limit ? { cpus: body.cpu_limit } : {}),
    ...(body?.network ? { network: body.network } : {}),
    ...(body?.egress_allow ? { egressAllow: body.egress_allow } : {}),
  };
}

/** What a request changes of what a sandbox is made of, in the core's units. */
export function toAskedChange(body: z.output<typeof updateBody>): AskedChange {
  const { image, memory_limit: memory, cpu_limit: cpus, network, egress_allow: egressAllow } = body;
  return { image, memoryBytes: memory == null ? memory : parseSize(memory), cpus, network, egressAllow };
}

/** What a request changes of a sandbox's settings. */
export function toChange(
  body: Pick<z.output<typeof updateBody>, keyof typeof settingsFields> | null | undefined,
): SettingsChange {
  const expiresAt = body?.expires_at;
  return {
    env: body?.env,
    labels: body?.labels,
    expiresAtMs: expiresAt == null ? expiresAt : Date.parse(expiresAt),
    idleTimeoutSeconds: body?.idle_timeout,
    pauseAfterSeconds: body?.pause_after,
  };
}

/** SandboxInfo of this dialect. */
export function toSandboxInfo(status: SandboxStatus): z.output<typeof sandboxInfo> {
  return {
    id: status.id,
    user_id: status.address.id,
    container_id: status.containerId,
    status: status.state,
    image: status.image,
    created_at: toTimestamp(status.createdAtMs),
    last_used: toTimestamp(status.lastUsedAtMs),
    created_by: status.createdBy,
    execution_count: status.executions,
    labels: { ...status.labels },
    env: [...status.envNames],
    expires_at: status.expiresAtMs === null ? null : toTimestamp(status.expiresAtMs),
    awake_because: [...status.awakeBecause],
    awake_until: status.awakeUntilMs === null ? null : toTimestamp(status.awakeUntilMs),
    last_stop: status.lastStop && { at: toTimestamp(status.lastStop.atMs), reason: status.lastStop.reason },
    memory_usage_mb: round(status.memoryBytes / 2 ** 20, 2),
    cpu_percent: round(status.cpuPercent, 2),
    disk_usage_mb: status.disk && round(status.disk.usedBytes / 2 ** 20, 2),
    disk_limit_mb: status.disk && round(status.disk.limitBytes / 2 ** 20, 2),
    egress: status.egress && {
      connections_allowed: status.egress.allowed,
      connections_refused: status.egress.refused,
      connections_failed: status.egress.failed,
      connections_open: status.egress.open,
      bytes_sent: status.egress.sentBytes,
      bytes_received: status.egress.receivedBytes,
    },
  };
}

/** SandboxUsage of this dialect. */
export function toUsage(report: UsageReport): z.output<typeof usageInfo> {
  return {
    memory_bytes: Math.round(report.memoryBytes),
    memory_limit_bytes: report.memoryLimitBytes,
    cpu_percent: round(report.cpuPercent, 2),
    processes: report.processes,
    disk_used_bytes: report.disk?.usedBytes ?? null,
    disk_limit_bytes: report.disk?.limitBytes ?? null,
    network: { sent: report.sentBytes, received: report.receivedBytes },
    at: toTimestamp(report.atMs),
  };
}
