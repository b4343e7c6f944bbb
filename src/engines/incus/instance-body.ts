import { SandboxError } from '../../base/errors.ts';
import type { EngineLimits, EngineSpec } from '../engine.ts';
import { pathOfMount } from '../engine-volumes.ts';
import { CORE_BYTES, KERNEL_LIMITS, OPEN_FILES } from '../hardening/limits.ts';
import type { ImageGround } from './image-grounds.ts';
import { KEY, labelKey } from './keys.ts';
import { toRawLxc } from './raw-lxc.ts';
import { toSeccompPolicy } from './seccomp-policy.ts';

/** Users of a container, each with a range of the machine's that is no other container's. */
export const IDS_PER_SANDBOX = 65_536;

/** In microseconds the time within which a limit of the CPU holds. */
const CPU_PERIOD_MS = 100;

/** What is known of the machine, and of the image that the spec names. */
export interface InstanceGround extends ImageGround {
  readonly pool: string;
  readonly cpus: number;
}

/** Incus' form of a spec, with all hardening on; throws `invalid` for what Incus cannot give. */
export function toInstanceBody(instance: string, spec: EngineSpec, ground: InstanceGround) {
  refuseNetworkCard(spec);
  return {
    name: instance,
    type: 'container',
    profiles: [],
    source: { type: 'image', fingerprint: ground.fingerprint },
    config: {
      ...toKeys(spec, ground.environment),
      'security.idmap.isolated': 'true',
      'security.idmap.size': String(IDS_PER_SANDBOX),
      'security.guestapi': 'false',
      ...toLimits(spec, ground.cpus),
      'limits.memory.swap': 'false',
      'limits.processes': String(spec.pidsLimit),
      'limits.kernel.nofile': String(OPEN_FILES),
      'limits.kernel.core': String(CORE_BYTES),
      ...Object.fromEntries(
        Object.entries(KERNEL_LIMITS).map(([name, value]) => [`limits.kernel.${name}`, String(value)]),
      ),
      'raw.lxc': toRawLxc(spec, ground.hasOwnInit),
      ...(spec.seccomp === 'strict' ? { 'raw.seccomp': toSeccompPolicy() } : {}),
    },
    devices: {
      root: { type: 'disk', pool: ground.pool, path: '/', readonly: 'true' },
      ...Object.fromEntries(
        spec.mounts.map(({ source, target, isReadOnly }, at) => [
          `mount${at}`,
          {
            type: 'disk',
            source: pathOfMount(source),
            path: target,
            shift: 'true',
            ...(isReadOnly ? { readonly: 'true' } : {}),
          },
        ]),
      ),
    },
  };
}

/** Throws `invalid` for a spec that wants what no sandbox on Incus has. */
export function refuseNetworkCard({ network }: EngineSpec): void {
  if (network.mode === 'none') return;
  throw new SandboxError('invalid', 'Sandboxes on Incus have no network card: take proxy or none.');
}

/** What is kept with an instance for whoever reads it again, and the environment of its programs over that of its image. */
export function toKeys(spec: EngineSpec, environment: ImageGround['environment']): Readonly<Record<string, string>> {
  return {
    [KEY.name]: spec.name,
    [KEY.image]: spec.image,
    [KEY.user]: `${spec.user.uid}:${spec.user.gid}`,
    [KEY.workdir]: spec.workdir,
    ...(spec.groups?.length ? { [KEY.groups]: spec.groups.join(',') } : {}),
    ...Object.fromEntries(Object.entries(spec.labels).map(([label, value]) => [labelKey(label), value])),
    ...Object.fromEntries(
      Object.entries({ ...environment, ...spec.env }).map(([name, value]) => [`environment.${name}`, value]),
    ),
  };
}

/** What holds memory and CPU, on a machine with N CPUs. */
export function toLimits({ memoryBytes, cpus }: EngineLimits, hostCpus: number): Readonly<Record<string, string>> {
  const shareMs = Math.round(Math.min(cpus, hostCpus) * CPU_PERIOD_MS);
  return { 'limits.memory': `${memoryBytes}B`, 'limits.cpu.allowance': `${shareMs}ms/${CPU_PERIOD_MS}ms` };
}
