import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { SandboxError } from '../../../base/errors.ts';
import { type Core, principalOf, refOf } from '../../dialect.ts';
import { text } from '../../fields.ts';
import { errorResponse } from '../errors.ts';
import { noContent, operation, sandboxOperation } from '../operation.ts';
import { NEXT_TOKEN, toLimit, toPage } from '../pages.ts';
import { findSnapshot, hasName, toShownSnapshot, toSnapshotName } from '../snapshot-names.ts';
import type { Templates } from '../templates/templates.ts';

const shown = z.object({ snapshotID: z.string(), names: z.array(z.string()) });

const body = z.object({ name: text(300).nullish() }).nullish();

const listQuery = z.object({
  sandboxID: z.string().optional(),
  name: z.string().optional(),
  limit: z.string().optional(),
  nextToken: z.string().optional(),
});

const params = z.object({ templateID: z.string().meta({ description: 'A snapshot by its id.' }) });

/** E2B: what sandboxes had at a moment. */
export const snapshotRoutes: FastifyPluginAsyncZod<Core & { readonly templates: Templates }> = async (app, core) => {
  const { snapshots, tenancies, templates } = core;

  app.post(
    '/sandboxes/:sandboxID/snapshots',
    sandboxOperation('snapshots', 'takeSnapshot', 'Keep the files of a sandbox as they are now', {
      body,
      response: { 201: shown },
    }),
    async (request, reply) => {
      const ref = refOf(request);
      await tenancies.get(ref);
      const name = request.body?.name ?? null;
      const taken = await snapshots.take(ref, name === null ? null : toSnapshotName(name));
      return await reply.code(201).send(toShownSnapshot(ref.principal, taken));
    },
  );

  app.get(
    '/snapshots',
    operation('snapshots', 'listSnapshots', 'A page of the snapshots of the key, newest first', {
      querystring: listQuery,
      response: { 200: z.array(shown) },
    }),
    async (request, reply) => {
      const principal = principalOf(request);
      const { sandboxID, name, limit, nextToken } = request.query;
      const fitting = (await snapshots.list(principal)).filter(
        (snapshot) =>
          (sandboxID === undefined || snapshot.terms.snapshot.sourceId === sandboxID) &&
          (name === undefined || hasName(principal, snapshot, name)),
      );
      const { items, next } = toPage(fitting, {
        limit: toLimit(limit),
        nextToken,
        isDescending: true,
        keyOf: ({ createdAtMs, address }) => ({ atMs: createdAtMs, id: address.id }),
      });
      if (next !== null) reply.header(NEXT_TOKEN, next);
      return items.map((snapshot) => toShownSnapshot(principal, snapshot));
    },
  );

  app.delete(
    '/templates/:templateID',
    operation('snapshots', 'deleteSnapshot', 'Remove a snapshot', {
      params,
      response: { 204: noContent, 403: errorResponse, 404: errorResponse },
    }),
    async (request, reply) => {
      const principal = principalOf(request);
      const { templateID } = request.params;
      const found = findSnapshot(principal, await snapshots.list(principal), templateID);
      if (found) {
        await snapshots.remove(principal, found);
        return await reply.code(204).send(null);
      }
      if (templates.find(templateID))
        throw new SandboxError('forbidden', 'Only the operator of this server removes its templates.');
      throw new SandboxError('not_found', `template '${templateID}' not found`);
    },
  );
};
