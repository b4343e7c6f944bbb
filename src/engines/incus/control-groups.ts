import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineId, EngineStats } from '../engine.ts';

const ROOT = '/sys/fs/cgroup';

/** The version of this machine's control groups. */
export async function groupsVersion(): Promise<1 | 2> {
  return (await readText(join(ROOT, 'cgroup.controllers'))) === null ? 1 : 2;
}

/** Reads what the kernel counts of a container of this machine; null where this process does not see its control groups. */
export class ControlGroups {
  readonly #project: string;

  constructor(project: string) {
    this.#project = project;
  }

  /** Below the folder of a controller. */
  nameOf(id: EngineId): string {
    return `lxc.payload.${this.#project === 'default' ? '' : `${this.#project}_`}${id}`;
  }

  /** The folder of a controller of version 1, or of all where it is null (version 2). */
  #folderOf(id: EngineId, controller: string | null): string {
    const name = this.nameOf(id);
    return controller === null ? join(ROOT, name) : join(ROOT, controller, name);
  }

  /** What it takes now, without the file cache that the kernel would give back. */
  async stats(id: EngineId): Promise<EngineStats | null> {
    const two = this.#folderOf(id, null);
    const [memory, cpu, pids] = (await readText(join(two, 'memory.current')))
      ? [two, two, two]
      : [this.#folderOf(id, 'memory'), this.#folderOf(id, 'cpuacct'), this.#folderOf(id, 'pids')];
    const isTwo = memory === two;
    const [used, stat, time, count] = await Promise.all([
      readText(join(memory, isTwo ? 'memory.current' : 'memory.usage_in_bytes')),
      readText(join(memory, 'memory.stat')),
      readText(join(cpu, isTwo ? 'cpu.stat' : 'cpuacct.usage')),
      readText(join(pids, 'pids.current')),
    ]);
    if (used === null || time === null) return null;
    const cacheBytes = Math.min(Number(used), fieldOf(stat, isTwo ? 'inactive_file' : 'total_inactive_file') ?? 0);
    return {
      memoryBytes: Number(used) - cacheBytes,
      cacheBytes,
      cpuNanos: isTwo ? (fieldOf(time, 'usage_usec') ?? 0) * 1000 : Number(time),
      processes: Number(count ?? 0),
    };
  }

  /** How often memory ran out in it since it started; null where that is not to be seen. */
  async outOfMemoryCount(id: EngineId): Promise<number | null> {
    const two = await readText(join(this.#folderOf(id, null), 'memory.events'));
    const text = two ?? (await readText(join(this.#folderOf(id, 'memory'), 'memory.oom_control')));
    return fieldOf(text, 'oom_kill') ?? null;
  }
}

function fieldOf(text: string | null, name: string): number | undefined {
  const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text ?? '')?.[1];
  return value === undefined ? undefined : Number(value);
}

async function readText(path: string): Promise<string | null> {
  return await readFile(path, 'utf8').catch(() => null);
}
