import { z } from 'zod';
import { readText, writeAtomically } from '../../base/atomic-file.ts';

/** The oldest of more than these give way. */
const MAX_ALERTS = 200;

const alert = z.object({
  kind: z.enum(['cpu_high', 'memory_high', 'disk_high', 'oom', 'restart_loop']),
  severity: z.enum(['warning', 'critical']),
  message: z.string(),
  atMs: z.number(),
  /** Null while what it is about goes on. */
  resolvedAtMs: z.number().nullable(),
});

/** Something about a sandbox that somebody should look at; times are on the wall clock. */
export type Alert = Readonly<z.infer<typeof alert>>;

/** What an alert is about. */
export type AlertKind = Alert['kind'];

const alerts = z.array(alert);

/** The alerts of a sandbox, oldest first; none where the file is absent or is no list of alerts. */
export async function readAlerts(file: string): Promise<readonly Alert[]> {
  const text = await readText(file);
  if (text === null) return [];
  try {
    return alerts.parse(JSON.parse(text));
  } catch {
    return [];
  }
}

/** Writes the last of them, so that a crash leaves the old or the new ones. */
export async function writeAlerts(file: string, all: readonly Alert[]): Promise<void> {
  await writeAtomically(file, JSON.stringify(all.slice(-MAX_ALERTS)));
}
