import type { EngineTraits } from '../engine.ts';

/** The runtime whose sandboxes run on this machine's kernel, in control groups that can change. */
const SHARED_KERNEL_RUNTIME = 'runc';

/** What holds for every Docker engine. */
export const DOCKER_TRAITS: EngineTraits = {
  kind: 'docker',
  label: 'Docker',
  sharesHostFiles: true,
  canPause: true,
  canBridge: true,
  images: {
    advice: 'npm run image builds the usual one, docker pull brings another',
    variable: 'SANDBOX_DOCKER_IMAGE',
    isServed: () => false,
  },
  // Where one listens that is told to use TCP.
  guardedPorts: [2375, 2376],
  hasOwnKernel: (runtime) => runtime !== SHARED_KERNEL_RUNTIME,
  canUpdateLimits: (runtime) => runtime === SHARED_KERNEL_RUNTIME,
};
