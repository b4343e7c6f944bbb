import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { type Core, principalOf } from '../../dialect.ts';
import { NAMESPACE, operation } from '../operation.ts';
import { NEXT_TOKEN } from '../pages.ts';
import { listPage, toPairs } from './list-filter.ts';
import { toListed } from './mapping.ts';
import * as schemas from './schemas.ts';

/** E2B: lists of sandboxes. */
export const listRoutes: FastifyPluginAsyncZod<Core> = async (app, { tenancies }) => {
  const own = async (name: string) => (await tenancies.all(NAMESPACE)).filter(({ createdBy }) => createdBy === name);

  app.get(
    '/sandboxes',
    operation('sandboxes', 'listSandboxes', 'The sandboxes of the key that run, newest first', {
      querystring: schemas.plainListQuery,
      response: { 200: schemas.listed },
    }),
    async (request) => {
      const pairs = toPairs(request.query.metadata);
      const running = (await own(principalOf(request).name)).filter(
        ({ isSuspended, labels }) => !isSuspended && pairs.every(([key, value]) => labels[key] === value),
      );
      const newestFirst = running.sort((one, other) => other.createdAtMs - one.createdAtMs);
      return newestFirst.map((tenancy) => toListed(tenancy, tenancies.sizeOf(tenancy)));
    },
  );

  app.get(
    '/v2/sandboxes',
    operation('sandboxes', 'listSandboxesV2', 'A page of the sandboxes of the key', {
      querystring: schemas.listQuery,
      response: { 200: schemas.listed },
    }),
    async (request, reply) => {
      const { items, next, running } = listPage(await own(principalOf(request).name), request.query);
      if (next !== null) reply.header(NEXT_TOKEN, next);
      if (running !== null) reply.header('X-Total-Running', String(running));
      return items.map((tenancy) => toListed(tenancy, tenancies.sizeOf(tenancy)));
    },
  );
};
