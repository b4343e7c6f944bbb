import { randomUUID } from 'node:crypto';
import type { EngineSpec } from '../../src/engines/engine.ts';
import { RUNTIME } from '../support/runtime.ts';

const MIB = 1024 * 1024;

/** A modest spec with a name of its own. */
export function specFor(
  image: string,
  labels: Readonly<Record<string, string>>,
  changes: Partial<EngineSpec> = {},
): EngineSpec {
  return {
    name: `clara-test-${randomUUID()}`,
    labels,
    image,
    user: { uid: 1000, gid: 1000 },
    workdir: '/tmp',
    env: {},
    memoryBytes: 128 * MIB,
    cpus: 1,
    pidsLimit: 64,
    mounts: [],
    tmpfs: [{ path: '/tmp', sizeBytes: 16 * MIB, mode: 0o1777 }],
    network: { mode: 'none' },
    runtime: RUNTIME,
    seccomp: 'strict',
    ...changes,
  };
}
