import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Core } from '../../dialect.ts';

/** E2B: what answers on port 49999 of a sandbox, its interpreter. */
export const interpreterRoutes: FastifyPluginAsyncZod<Core> = async (app) => {
  app.get('/health', { config: { e2b: { needs: 'nothing' } } }, async () => 'OK');
};
