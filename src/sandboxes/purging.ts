import { isMaster } from '../auth/principal.ts';
import type { Catalog } from './catalog.ts';
import type { Changes } from './changes.ts';
import { type SandboxRef, SHARED_NAMESPACE } from './ref.ts';
import type { Registry } from './registry.ts';
import type { Sandbox } from './sandbox.ts';

interface PurgingParts {
  readonly changes: Changes;
  readonly registry: Registry;
  readonly catalog: Catalog;
}

/** The sandbox that a purge is about: that at the address, or for the master key the one of any dialect that lists name so, where no user has that id. */
export async function findToPurge({ changes, registry, catalog }: PurgingParts, ref: SandboxRef): Promise<Sandbox> {
  const sandbox = await changes.find(ref);
  if (sandbox.record !== null || ref.address.namespace !== SHARED_NAMESPACE || !isMaster(ref.principal)) return sandbox;
  const listed = await catalog.find(ref.address.id);
  return (listed && (await registry.find(listed.id))) ?? sandbox;
}
