import { z } from 'zod';
import { SandboxError } from '../../base/errors.ts';
import type { EngineId, EngineStats } from '../engine.ts';
import type { ControlGroups } from './control-groups.ts';
import type { IncusCalls } from './incus-calls.ts';
import { pathOf } from './instances.ts';

const stateSchema = z.object({
  status: z.string(),
  memory: z.object({ usage: z.number() }).nullish(),
  cpu: z.object({ usage: z.number() }).nullish(),
  processes: z.number().default(0),
});

/** One reading: of the kernel where this process sees the control groups, else of Incus, which takes up to 100 ms. Throws `conflict` where it does not run. */
export async function readStats(
  calls: IncusCalls,
  groups: Pick<ControlGroups, 'stats'>,
  id: EngineId,
): Promise<EngineStats> {
  const path = pathOf(id, '/state');
  const own = await groups.stats(id);
  if (own) return own;
  const { status, memory, cpu, processes } = stateSchema.parse(await calls.get('measure the sandbox', path));
  if (status !== 'Running' && status !== 'Frozen') {
    throw new SandboxError('conflict', 'The sandbox does not run, so it has no usage.');
  }
  return { memoryBytes: memory?.usage ?? 0, cacheBytes: 0, cpuNanos: cpu?.usage ?? 0, processes };
}
