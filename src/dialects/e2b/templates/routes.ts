import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { SandboxError } from '../../../base/errors.ts';
import { type Core, principalOf } from '../../dialect.ts';
import { errorResponse } from '../errors.ts';
import { operation } from '../operation.ts';
import { findSnapshot, toShownSnapshot } from '../snapshot-names.ts';
import type { Templates } from './templates.ts';

const NO_BUILDS =
  'This server builds no templates: its operator lists images as templates (SANDBOX_TEMPLATES), and snapshots are made of sandboxes.';

const NO_VOLUMES = 'This server has no volumes and no secrets in the E2B API.';

/** What this server lacks, by method and path. */
const LACKING = [
  ['POST', '/templates', NO_BUILDS],
  ['POST', '/v2/templates', NO_BUILDS],
  ['POST', '/v3/templates', NO_BUILDS],
  ['PATCH', '/templates/:templateID', NO_BUILDS],
  ['PATCH', '/v2/templates/:templateID', NO_BUILDS],
  ['POST', '/templates/:templateID', NO_BUILDS],
  ['GET', '/templates/:templateID/files/:hash', NO_BUILDS],
  ['POST', '/templates/:templateID/builds/:buildID', NO_BUILDS],
  ['POST', '/v2/templates/:templateID/builds/:buildID', NO_BUILDS],
  ['GET', '/templates/:templateID/builds/:buildID/status', NO_BUILDS],
  ['GET', '/templates/:templateID/builds/:buildID/logs', NO_BUILDS],
  ['POST', '/templates/tags', NO_BUILDS],
  ['DELETE', '/templates/tags', NO_BUILDS],
  ['GET', '/templates/:templateID/tags', NO_BUILDS],
  ...(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).flatMap((method) =>
    ['/volumes', '/volumes/*', '/volumecontent/*', '/secrets', '/secrets/*'].map(
      (url) => [method, url, NO_VOLUMES] as const,
    ),
  ),
] as const;

const aliasParams = z.object({ alias: z.string().meta({ examples: ['base'] }) });

/** E2B: what sandboxes are made from, by its names. */
export const templateRoutes: FastifyPluginAsyncZod<Core & { readonly templates: Templates }> = async (
  app,
  { templates, snapshots },
) => {
  app.get(
    '/templates',
    operation('templates', 'listTemplates', 'The templates of this server', {
      response: {
        200: z.array(
          z.object({
            templateID: z.string(),
            names: z.array(z.string()),
            aliases: z.array(z.string()),
            public: z.boolean(),
          }),
        ),
      },
    }),
    async () =>
      templates.all().map(({ id, name }) => ({ templateID: id, names: [name], aliases: [name], public: true })),
  );

  app.get(
    '/templates/aliases/:alias',
    operation('templates', 'findTemplate', 'The template of a name', {
      params: aliasParams,
      response: { 200: z.object({ templateID: z.string(), public: z.boolean() }), 404: errorResponse },
    }),
    async (request) => {
      const { alias } = request.params;
      const found = templates.find(alias);
      if (found) return { templateID: found.id, public: true };
      const principal = principalOf(request);
      const snapshot = findSnapshot(principal, await snapshots.list(principal), alias);
      if (!snapshot) throw new SandboxError('not_found', `template '${alias}' not found`);
      return { templateID: toShownSnapshot(principal, snapshot).snapshotID, public: false };
    },
  );

  for (const [method, url, sentence] of LACKING) {
    app.route({
      method,
      url,
      config: { isAboutNoUser: true },
      schema: { hide: true },
      handler: async (_request, reply) => reply.code(501).send({ code: 501, message: sentence }),
    });
  }
};
