import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type Core, principalOf, refOf } from '../../dialect.ts';
import { done } from '../fields.ts';
import { operation, sandboxOperation } from '../operation.ts';
import * as schemas from './schemas.ts';

/** The manager: networks, in which sandboxes find each other by their names. */
export const networkRoutes: FastifyPluginAsyncZod<Core> = async (app, { networks }) => {
  const params = z.object({ sandbox_id: z.string(), network: schemas.networkName });

  app.post(
    '/sandboxes/:sandbox_id/networks/:network/connect',
    sandboxOperation('configuration', 'connectNetwork', 'Connect a sandbox to a network, which the first one makes', {
      params,
      response: { 200: done('connected') },
    }),
    async (request) => {
      await networks.connect(refOf(request), request.params.network);
      return { status: 'connected' as const };
    },
  );

  app.post(
    '/sandboxes/:sandbox_id/networks/:network/disconnect',
    sandboxOperation('configuration', 'disconnectNetwork', 'Take a sandbox out of a network', {
      params,
      response: { 200: done('disconnected') },
    }),
    async (request) => {
      await networks.disconnect(refOf(request), request.params.network);
      return { status: 'disconnected' as const };
    },
  );

  app.get(
    '/networks',
    operation('configuration', 'listNetworks', 'The networks of the key, with their sandboxes', {
      response: { 200: schemas.networks },
    }),
    async (request) => {
      const found = await networks.list(principalOf(request));
      return {
        networks: found.map(({ name, sandboxes }) => ({
          name,
          sandboxes: sandboxes.map((one) => ({ container_id: one.address.id, name: one.name ?? '' })),
        })),
      };
    },
  );

  app.delete(
    '/networks/:network',
    operation('configuration', 'deleteNetwork', 'Take all sandboxes out of a network', {
      params: z.object({ network: schemas.networkName }),
      response: { 200: done('deleted') },
    }),
    async (request) => {
      await networks.remove(principalOf(request), request.params.network);
      return { status: 'deleted' as const };
    },
  );
};
