import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { SandboxError } from '../../../errors.ts';
import type { Core } from '../../dialect.ts';

/** E2B: what answers on port 49983 of a sandbox, its own API. */
export const envdRoutes: FastifyPluginAsyncZod<Core> = async (app) => {
  app.get('/health', { config: { e2b: { needs: 'nothing', isOpenByHost: true } } }, async (_request, reply) =>
    reply.code(204).send(),
  );

  app.route({
    method: ['GET', 'POST'],
    url: '/files',
    config: { e2b: { needs: 'token or signature' } },
    handler: async () => {
      throw new SandboxError('unavailable', 'Files are not served here yet.');
    },
  });
};
