import type { FastifyInstance } from 'fastify';
import type { Principal } from '../../auth/principal.ts';
import type { Listing } from '../../sandboxes/listing.ts';
import type { CatalogEntry } from '../../sandboxes/registry/catalog.ts';
import { NAMESPACE } from './operation.ts';

/** The whole id of a sandbox. */
const WHOLE_ID = /^[0-9a-f]{64}$/;

/** The first digits of an id that stand for all of it. */
const SHORT_ID = /^[0-9a-f]{12}$/;

/** Lets requests name a sandbox by its name, or by the first digits of its id: what none of the principal's has is not found later. */
export function resolveNames(app: FastifyInstance, listing: Listing): void {
  app.addHook('onRequest', async (request) => {
    const { ref } = request;
    if (ref === null || WHOLE_ID.test(ref.address.id)) return;
    const found = await findOwn(listing, ref.principal, ref.address.id);
    if (found) request.ref = { ...ref, address: found.address };
  });
}

/** The principal's sandbox of this name, or of this id or its first digits; undefined where there is none. */
export async function findOwn(
  listing: Listing,
  principal: Principal,
  idOrName: string,
): Promise<CatalogEntry | undefined> {
  const own = await listing.own(principal, NAMESPACE);
  const isId = WHOLE_ID.test(idOrName) || SHORT_ID.test(idOrName);
  return (
    own.find(({ name }) => name === idOrName) ??
    (isId ? own.find(({ address }) => address.id.startsWith(idOrName)) : undefined)
  );
}
