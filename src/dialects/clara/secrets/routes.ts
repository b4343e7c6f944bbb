import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import { noContent } from '../processes/schemas.ts';
import { noQuery } from '../sandboxes/state-schemas.ts';
import * as schemas from './schemas.ts';

/** The native dialect: what programs of a sandbox use and never see. */
export const secretRoutes: FastifyPluginAsyncZod<Core> = async (app, { secrets }) => {
  const querystring = noQuery;
  const params = schemas.secretParams;
  const config = { takesSecret: true };

  app.get(
    '/sandbox/:user_id/secrets',
    sandboxOperation(
      'secrets',
      'listSecrets',
      'The secrets of a sandbox, without their values',
      { 200: schemas.secretList },
      { querystring },
    ),
    async (request) => {
      const found = await secrets.list(refOf(request));
      return {
        secrets: found.map(({ name, hosts, header, isInQuery }) => ({ name, hosts, header, in_query: isInQuery })),
      };
    },
  );

  app.put(
    '/sandbox/:user_id/secrets/:name',
    sandboxOperation(
      'secrets',
      'setSecret',
      'Give a sandbox a secret that its code never sees',
      { 204: noContent },
      { params, querystring, body: schemas.secretBody },
      config,
    ),
    async (request, reply) => {
      const { value, hosts, header, in_query: isInQuery } = request.body;
      const { name } = request.params;
      const terms = { name, hosts, header: header?.toLowerCase() ?? null, isInQuery: isInQuery ?? false };
      await secrets.set(refOf(request), terms, value);
      return await reply.code(204).send(null);
    },
  );

  app.delete(
    '/sandbox/:user_id/secrets/:name',
    sandboxOperation(
      'secrets',
      'deleteSecret',
      'Take a secret from a sandbox',
      { 204: noContent },
      { params, querystring },
      config,
    ),
    async (request, reply) => {
      await secrets.remove(refOf(request), request.params.name);
      return await reply.code(204).send(null);
    },
  );
};
