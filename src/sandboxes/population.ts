import type { Population } from '../observability/gauges.ts';
import type { SandboxCounts } from './info.ts';
import type { Catalog } from './registry/catalog.ts';
import { Leases } from './registry/leases.ts';
import type { Registry } from './registry/registry.ts';
import { stateOf } from './status/status.ts';

/** Counts all sandboxes by what is known of them in memory; no file is read. */
export async function countPopulation(
  catalog: Catalog,
  registry: Registry,
  { active, pooled, max }: SandboxCounts,
): Promise<Population> {
  const byState: Record<string, number> = { running: 0, paused: 0, stopped: 0, creating: 0 };
  for (const { id, deletedAtMs, isBlank } of await catalog.all()) {
    if (deletedAtMs !== null || isBlank) continue;
    const state = stateOf(deletedAtMs, registry.at(id));
    byState[state] = (byState[state] ?? 0) + 1;
  }
  const leases: Record<string, number> = { ...new Leases().byKind };
  for (const sandbox of registry.all()) {
    for (const [kind, count] of Object.entries(sandbox.leases.byKind)) leases[kind] = (leases[kind] ?? 0) + count;
  }
  return { byState, active, pooled, max, leases };
}
