import { z } from 'zod';
import { SandboxError } from '../../base/errors.ts';
import type { EngineId, EngineStats } from '../engine.ts';
import type { DockerCalls } from './docker-calls.ts';

/** One reading, which Docker takes at once; throws `conflict` where the sandbox does not run. */
export async function readStats(calls: DockerCalls, id: EngineId): Promise<EngineStats> {
  const stats = await calls.run(calls.about(id, 'measure the sandbox'), (docker, abortSignal) => {
    const options = { stream: false, 'one-shot': true, abortSignal } as const;
    return docker.getContainer(calls.path(id)).stats(options);
  });
  return toEngineStats(stats);
}

/** What of Docker's figures counts; a container that is stopping or starting has some or all of them missing. */
const containerStats = z.object({
  memory_stats: z.object({
    usage: z.number(),
    // cgroup v1 counts the whole tree in total_inactive_file, v2 in inactive_file.
    stats: z.object({ total_inactive_file: z.number().optional(), inactive_file: z.number().optional() }).optional(),
  }),
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number() }) }),
  pids_stats: z.object({ current: z.number().optional() }).optional(),
});

/** Memory is what the processes hold, without the file cache that the kernel would give back (as `docker stats` counts it). */
export function toEngineStats(stats: unknown): EngineStats {
  const parsed = containerStats.safeParse(stats);
  if (!parsed.success) {
    throw new SandboxError('conflict', 'The sandbox does not run, so it has no usage.', { cause: parsed.error });
  }
  const { memory_stats: memory, cpu_stats: cpu, pids_stats: pids } = parsed.data;
  const fileCache = memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0;
  const cacheBytes = Math.min(memory.usage, fileCache);
  return {
    memoryBytes: memory.usage - cacheBytes,
    cacheBytes,
    cpuNanos: cpu.cpu_usage.total_usage,
    processes: pids?.current ?? 0,
  };
}
