import type { EngineTraits } from '../engine.ts';

/** What holds for sandboxes that are Incus' containers. */
export const INCUS_TRAITS: EngineTraits = {
  kind: 'incus',
  label: 'Incus',
  sharesHostFiles: true,
  canPause: true,
  canBridge: false,
  images: {
    advice: 'npm run incus imports the usual one, incus image copy or incus publish brings another',
    variable: 'INCUS_SANDBOX_IMAGE',
  },
  // Its API over TLS, where it is told to listen.
  guardedPorts: [8443],
  hasOwnKernel: () => false,
  canUpdateLimits: () => true,
};
