import type { FastifyInstance } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { scoped } from '../../../../http/routing/scope.ts';
import type { Core } from '../../../dialect.ts';
import { statusOf } from '../../errors.ts';
import { renderRpcError } from '../errors.ts';
import { figureRoutes } from '../figures/routes.ts';
import { composeRoutes } from '../files/compose-routes.ts';
import { downloadRoutes } from '../files/download-routes.ts';
import { uploadRoutes } from '../files/upload-routes.ts';
import { filesystemRoutes } from '../filesystem/routes.ts';
import { watchRoutes } from '../filesystem/watch-routes.ts';
import { processRoutes } from '../process/routes.ts';
import { Rpc } from '../rpc.ts';

/** E2B: what answers on port 49983 of a sandbox, its own API. */
export const envdRoutes: FastifyPluginAsyncZod<Core> = async (app, core) => {
  app.get('/health', { config: { e2b: { needs: 'nothing', isOpenByHost: true } } }, async (_request, reply) =>
    reply.code(204).send(),
  );
  await figureRoutes(app, core);
  await composeRoutes(app, core);
  await downloadRoutes(app, core);
  await app.register(
    scoped('envd uploads', async (scope: FastifyInstance) => uploadRoutes(scope.withTypeProvider(), core)),
  );
  await app.register(
    scoped('envd methods', async (scope: FastifyInstance) => {
      scope.addHook('onRoute', (route) => {
        const { dialect } = route.config ?? {};
        if (dialect) route.config = { ...route.config, dialect: { ...dialect, statusOf, renderError: renderRpcError } };
      });
      const rpc = new Rpc(scope, core.sandboxes);
      processRoutes(scope, rpc, core);
      filesystemRoutes(rpc, core);
      watchRoutes(scope, rpc, core);
    }),
  );
};
