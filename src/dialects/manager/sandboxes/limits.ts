import { toBytes } from '../sizes.ts';

/** What a sandbox may have at the most. */
export interface Limits {
  readonly maxMemoryBytes: number;
  readonly maxCpus: number;
}

interface Asked {
  readonly cpu?: number | null | undefined;
  readonly memory?: string | null | undefined;
}

/** What a sandbox is made with; what nobody asked for is never more than this server gives. */
export function toLimits(
  asked: Asked | null | undefined,
  shown: { readonly cpu: number; readonly memory: string },
  { maxMemoryBytes, maxCpus }: Limits,
): { readonly cpus: number; readonly memoryBytes: number } {
  const memoryBytes = toBytes(shown.memory);
  return {
    cpus: asked?.cpu == null ? Math.min(shown.cpu, maxCpus) : shown.cpu,
    memoryBytes: asked?.memory == null ? Math.min(memoryBytes, maxMemoryBytes) : memoryBytes,
  };
}
