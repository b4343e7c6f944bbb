import { Refusal, type Reply } from './answers.ts';

/** What the fake says of itself. */
export const ENVIRONMENT = {
  server_version: '6.0.4',
  server_clustered: false,
  driver: 'lxc | qemu',
  kernel_features: { idmapped_mounts: 'true' },
};

/** What its images are called by Incus. */
export const FINGERPRINTS = { machine: 'a1'.repeat(32), container: 'b2'.repeat(32) } as const;

/** The only project that it has. */
export const PROJECT = 'clara-sandbox';

/** The alias of its image of virtual machines. */
export const MACHINE_IMAGE = 'clara-machine';

/** The alias of its image of containers. */
export const CONTAINER_IMAGE = 'clara-container';

/** The alias of one in Incus' usual project. */
export const USUAL_IMAGE = 'clara-usual';

/** What the API says of an image, by its alias or its fingerprint. */
export function imageAt(first: string, alias: string, project: string | null): Reply {
  const isAlias = first === 'aliases';
  if (isAlias && alias === MACHINE_IMAGE) return { target: FINGERPRINTS.machine, type: 'virtual-machine' };
  const container = project === 'default' ? USUAL_IMAGE : CONTAINER_IMAGE;
  if (isAlias && alias === container) return { target: FINGERPRINTS.container, type: 'container' };
  if (first === FINGERPRINTS.machine) return { type: 'virtual-machine', properties: {} };
  if (first === FINGERPRINTS.container) return { type: 'container', properties: {} };
  throw new Refusal(404, isAlias ? 'Image alias not found' : 'Image not found');
}

/** What the API says of a project. */
export function projectAt(name: string | undefined): Reply {
  if (name !== PROJECT) throw new Refusal(404, 'Project not found');
  return { name };
}
