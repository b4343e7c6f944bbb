import type { EngineTraits } from '../engine.ts';

/** Where its API over TLS listens, where it is told to. */
export const API_PORT = 8443;

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
    isServed: () => false,
  },
  guardedPorts: [API_PORT],
  hasOwnKernel: () => false,
  canUpdateLimits: () => true,
};
