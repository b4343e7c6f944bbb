import { z } from 'zod';
import { moment } from '../fields.ts';

export const logsQuery = z.object({
  since: z
    .string()
    .max(64)
    .refine(
      (value) => toSinceMs(value, 0) !== null,
      'must be a moment such as 2026-01-31T12:00:00Z, seconds since 1970, or a time such as 10m',
    )
    .optional(),
});

export const logs = z
  .object({
    logs: z.array(
      z.object({
        timestamp: moment,
        log_type: z.enum(['stdout', 'stderr', 'system']),
        level: z.enum(['info', 'warning', 'error']),
        message: z.string(),
      }),
    ),
  })
  .meta({
    examples: [
      { logs: [{ timestamp: '2026-01-31T12:00:00.000Z', log_type: 'stdout', level: 'info', message: 'ready' }] },
    ],
  });

export const metrics = z
  .object({
    timestamp: moment,
    cpu_usage: z.number().meta({ description: 'Percent of one CPU.' }),
    memory_usage: z.int(),
    memory_limit: z.int(),
    network_rx_bytes: z.int(),
    network_tx_bytes: z.int(),
    block_read_bytes: z.int(),
    block_write_bytes: z.int(),
  })
  .meta({ id: 'ManagerMetrics' });

export const figures = z.object({
  cpu_percent: z.number(),
  mem_usage: z.int(),
  mem_limit: z.int(),
  mem_percent: z.number(),
  net_rx: z.int(),
  net_tx: z.int(),
});

export const alertsQuery = z.object({ resolved: z.enum(['true', 'false', 'True', 'False', '1', '0']).optional() });

export const alerts = z.object({
  alerts: z.array(
    z.object({
      timestamp: moment,
      alert_type: z.enum(['cpu_high', 'memory_high', 'disk_high', 'oom', 'restart_loop']),
      severity: z.enum(['warning', 'critical']),
      message: z.string(),
      resolved: z.boolean(),
      resolved_at: moment.nullable(),
    }),
  ),
});

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The moment that a client names, on the wall clock: of a date, of seconds since 1970, or so long ago; null for anything else. */
export function toSinceMs(text: string, nowMs: number): number | null {
  const ago = /^(\d{1,9})([smhd])$/.exec(text);
  if (ago) return nowMs - Number(ago[1]) * (UNIT_MS[ago[2] ?? ''] ?? 0);
  if (/^\d{1,12}(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  // A + of a zone that was not encoded arrives as a space.
  const atMs = /^\d{4}-\d\d-\d\d/.test(text)
    ? Date.parse(text.replace(/ (\d\d:?\d\d)$/, '+$1').replace(/^(\S+) /, '$1T'))
    : Number.NaN;
  return Number.isNaN(atMs) ? null : atMs;
}
