import type { ContainerStats } from 'dockerode';
import { SandboxError } from '../../errors.ts';
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

/** Memory is what the processes hold, without the file cache that the kernel would give back (as `docker stats` counts it). */
export function toEngineStats({ memory_stats: memory, cpu_stats: cpu }: ContainerStats): EngineStats {
  if (memory.usage === undefined) throw new SandboxError('conflict', 'The sandbox does not run, so it has no usage.');
  // cgroup v1 counts the whole tree in total_inactive_file, v2 in inactive_file.
  const fileCache = memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0;
  return {
    memoryBytes: Math.max(0, memory.usage - fileCache),
    cpuNanos: cpu.cpu_usage.total_usage,
  };
}
