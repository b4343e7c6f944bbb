import type { EngineTraits } from '../../engine.ts';
import { InnerCounters, WHOLE_KERNEL } from '../cluster/inner-counters.ts';
import type { InstanceShape } from '../cluster/shape.ts';
import { toReader } from '../images.ts';
import { LAUNCHED } from '../launcher.ts';
import { startSandbox } from '../lifecycle.ts';
import { API_PORT } from '../traits.ts';
import { toMachineBody, toMachineLimits } from './machine-body.ts';
import { MachineGrounds } from './machine-grounds.ts';
import { startMachine, untilBooted } from './machine-start.ts';

/** What a machine needs to come up, in bytes. */
const READER_BYTES = 512 * 2 ** 20;

const TRAITS: EngineTraits = {
  kind: 'incus-vm',
  label: 'Incus',
  sharesHostFiles: false,
  canPause: true,
  canBridge: false,
  images: {
    advice: 'incus image copy or incus publish brings one of virtual machines, with python3 in it',
    variable: 'INCUS_SANDBOX_IMAGE',
    isServed: () => false,
  },
  guardedPorts: [API_PORT],
  hasOwnKernel: () => true,
  // Its memory cannot grow while it runs.
  canUpdateLimits: () => false,
};

/** Sandboxes as virtual machines. */
export const MACHINES: InstanceShape = {
  traits: TRAITS,
  imageType: 'virtual-machine',
  mapsUsers: false,
  seccomp: null,
  grounds: ({ calls }) => new MachineGrounds(calls),
  bodyOf: toMachineBody,
  // Its setup makes them.
  makePlaces: async () => undefined,
  toLimits: toMachineLimits,
  counters: (callsOf) => new InnerCounters(callsOf, WHOLE_KERNEL),
  start: startMachine,
  toProgram: ({ workdir }, argv) => ({ command: [...LAUNCHED, ...argv], uid: 0, gid: 0, cwd: workdir }),
  toReader: (reading) => ({ ...toReader(reading), memoryBytes: READER_BYTES }),
  // Incus reads files of a virtual machine through its agent there.
  openReader: async (calls, id) => {
    await startSandbox(calls, id);
    await untilBooted(calls, id);
  },
};
