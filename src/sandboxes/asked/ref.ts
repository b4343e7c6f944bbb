import type { Principal } from '../../auth/principal.ts';
import { SandboxError } from '../../base/errors.ts';
import type { SandboxAddress } from '../../base/sandbox-address.ts';

/** A sandbox as a caller means it: which one, and who asks. */
export interface SandboxRef {
  readonly address: SandboxAddress;
  readonly principal: Principal;
}

/** The namespace in which every principal whose prefix fits may use an address; elsewhere a sandbox belongs to the principal that made it. */
export const SHARED_NAMESPACE = 'clara';

/** The namespace of snapshots: what is there never runs, and counts for nobody's sandboxes. */
export const SNAPSHOT_NAMESPACE = 'snapshot';

interface Made {
  readonly createdBy: string | null;
}

/** Throws `not_found` for the address of a sandbox that does not exist, unless using it makes it: what has an id that the server made comes of a create alone. */
export function requireMadeByUse({ address }: SandboxRef): void {
  if (address.namespace !== SHARED_NAMESPACE) throw new SandboxError('not_found', 'Sandbox not found');
}

/** Throws `not_found` if the sandbox exists and belongs to another principal. */
export function requireOwn({ address, principal }: SandboxRef, made: Made | null): void {
  if (address.namespace === SHARED_NAMESPACE || made === null || made.createdBy === principal.name) return;
  throw new SandboxError('not_found', 'Sandbox not found');
}
