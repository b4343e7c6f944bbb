import type { FastifyInstance } from 'fastify';
import type { Listing } from '../../sandboxes/listing.ts';
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
    const { id } = ref.address;
    const own = await listing.own(ref.principal, NAMESPACE);
    const found =
      own.find(({ name }) => name === id) ??
      (SHORT_ID.test(id) ? own.find(({ address }) => address.id.startsWith(id)) : undefined);
    if (found) request.ref = { ...ref, address: found.address };
  });
}
