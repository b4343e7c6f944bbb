import type { EngineId, EngineLimits, EngineSpec } from '../../engine.ts';
import type { MadeOf } from '../cluster/shape.ts';
import { volumeDevices } from '../cluster/start-script.ts';
import { refuseNetworkCard, toKeys } from '../instance-body.ts';
import { KEY } from '../keys.ts';
import { setupCommand } from './machine-setup.ts';

/** Incus' form of a spec as a virtual machine: it has no users, rights or system calls to close, as its kernel is its own. */
export function toMachineBody(id: EngineId, spec: EngineSpec, made: MadeOf) {
  refuseNetworkCard(spec);
  const { pool, volumes, files, environment } = made;
  return {
    name: id,
    type: 'virtual-machine',
    profiles: [],
    source: { type: 'image', fingerprint: made.fingerprint },
    config: {
      ...toKeys(spec, environment),
      [KEY.setup]: setupCommand({ spec, volumes, files }),
      'security.guestapi': 'false',
      ...toMachineLimits(spec, made.cpus),
    },
    devices: {
      root: { type: 'disk', pool, path: '/' },
      ...volumeDevices(pool, volumes),
    },
  };
}

/** What holds memory and CPU: a virtual machine has whole CPUs, so that a part of one is one. */
export function toMachineLimits(
  { memoryBytes, cpus }: EngineLimits,
  hostCpus: number,
): Readonly<Record<string, string>> {
  return { 'limits.memory': `${memoryBytes}B`, 'limits.cpu': String(Math.ceil(Math.min(cpus, hostCpus))) };
}
