import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { SandboxError } from '../../../base/errors.ts';
import { type Core, refOf } from '../../dialect.ts';
import { toEgress, toNetworkTerms } from '../network.ts';
import { noContent, sandboxOperation } from '../operation.ts';
import * as schemas from './schemas.ts';

/** E2B: where sandboxes may connect to, changed while they run. */
export const networkRoutes: FastifyPluginAsyncZod<Core> = async (app, { tenancies, settings }) => {
  app.put(
    '/sandboxes/:sandboxID/network',
    sandboxOperation('sandboxes', 'putNetwork', 'Replace all rules of where a sandbox may connect to', {
      body: schemas.networkBody,
      response: { 204: noContent },
    }),
    async (request, reply) => {
      const ref = refOf(request);
      const body = request.body ?? {};
      const { terms, isSuspended } = await tenancies.get(ref);
      if (isSuspended) throw new SandboxError('conflict', 'The sandbox is paused; resume it first.');
      const { maskRequestHost } = terms.network;
      const network = toNetworkTerms({ ...body, maskRequestHost }, body.allow_internet_access ?? true);
      const { egressAllow = null, egressDeny = null } = toEgress(network);
      await settings.update(ref, { settings: {}, spec: { egressAllow, egressDeny }, mayRestart: false });
      await tenancies.changeTerms(ref, { network });
      return await reply.code(204).send(null);
    },
  );
};
