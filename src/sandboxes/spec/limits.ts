import type { Config } from '../../config/config.ts';
import type { SandboxOverrides } from '../storage/record.ts';

/** How much of the machine one sandbox may have. */
export interface SandboxLimits {
  readonly memoryBytes: number;
  readonly cpus: number;
}

/**
 * What a sandbox gets of the machine: what its owner asked for, and never more than the configuration gives. A maximum that was lowered
 * since then counts at its next start; the record keeps what was asked for.
 */
export function limitsOf(config: Config, overrides: SandboxOverrides): SandboxLimits {
  return {
    memoryBytes: Math.min(overrides.memoryBytes ?? config.memoryBytes, config.maxMemoryBytes),
    cpus: Math.min(overrides.cpus ?? config.cpus, config.maxCpus),
  };
}
