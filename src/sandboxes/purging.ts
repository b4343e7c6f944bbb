import { isMaster } from '../auth/principal.ts';
import { type SandboxRef, SHARED_NAMESPACE } from './asked/ref.ts';
import type { Changes } from './changes/changes.ts';
import type { Catalog, CatalogEntry } from './registry/catalog.ts';
import type { Registry } from './registry/registry.ts';
import type { Sandbox } from './registry/sandbox.ts';

interface PurgingParts {
  readonly changes: Changes;
  readonly registry: Registry;
  readonly catalog: Catalog;
}

/**
 * The sandbox that a purge is about: that at the address, or for the master key, where no user has that id, the one of any dialect that
 * lists or its own dialect name so.
 */
export async function findToPurge({ changes, registry, catalog }: PurgingParts, ref: SandboxRef): Promise<Sandbox> {
  const sandbox = await changes.find(ref);
  if (sandbox.record !== null || ref.address.namespace !== SHARED_NAMESPACE || !isMaster(ref.principal)) return sandbox;
  const named = (await catalog.find(ref.address.id)) ?? (await findByAddressId(catalog, ref.address.id));
  return (named && (await registry.find(named.id))) ?? sandbox;
}

/** Ids of other dialects are made by this server, so that each is of one sandbox alone. */
async function findByAddressId(catalog: Catalog, id: string): Promise<CatalogEntry | undefined> {
  for (const entry of await catalog.all()) if (entry.address.id === id) return entry;
  return undefined;
}
