import type { MountSettings } from 'dockerode';
import type { EngineSpec } from '../engine.ts';
import { TERMINALS } from '../hardening/limits.ts';
import { DOCKER_TRAITS } from './traits.ts';

/** Where a container has its terminals. */
export const TERMINALS_PATH = '/dev/pts';

/** As runtimes have it, with a limit: the kernel counts a terminal until both of its ends are closed, by whoever has them. */
const OPTIONS = `newinstance,nosuid,noexec,mode=0620,ptmxmode=0666,gid=5,max=${TERMINALS}`;

/**
 * A limit of pseudo-terminals, which runtimes do not set: an instance of devpts that the engine makes at each start, as a volume that
 * is removed with its container. None on a kernel of the sandbox's own.
 */
export function toTerminals({ runtime, labels }: Pick<EngineSpec, 'runtime' | 'labels'>): readonly MountSettings[] {
  if (DOCKER_TRAITS.hasOwnKernel(runtime)) return [];
  const driver = { Name: 'local', Options: { type: 'devpts', device: 'devpts', o: OPTIONS } };
  const options = { NoCopy: true, Labels: { ...labels }, DriverConfig: driver };
  return [{ Type: 'volume', Source: '', Target: TERMINALS_PATH, VolumeOptions: options }];
}
