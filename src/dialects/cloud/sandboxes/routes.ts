import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Loans } from '../../../sessions/loans.ts';
import { type Core, principalOf } from '../../dialect.ts';
import { operation, SUCCESS, success, toRef } from '../operation.ts';
import * as schemas from './schemas.ts';

interface SandboxRoutesOptions extends Core {
  readonly loans: Loans;
}

/** Cloud: sandboxes of the pool. */
export const sandboxRoutes: FastifyPluginAsyncZod<SandboxRoutesOptions> = async (app, { loans, info }) => {
  app.post(
    '/api/v1/sandbox/acquire',
    operation('sandbox', 'acquireSandbox', 'A sandbox for the newest session without one', {
      response: { 200: schemas.acquired },
    }),
    async (request) => {
      const { address, engineId } = await loans.acquire(principalOf(request));
      request.about = address;
      return { sandbox_id: address.id, container_id: engineId, status: 'active' as const };
    },
  );

  app.post(
    '/api/v1/sandbox/release',
    operation('sandbox', 'releaseSandbox', 'Give a sandbox back; it is destroyed, unless its session is paused', {
      body: schemas.releaseBody,
      response: { 200: success },
    }),
    async (request) => {
      await loans.release(toRef(request, request.body?.sandbox_id));
      return SUCCESS;
    },
  );

  app.get(
    '/api/v1/sandbox/stats',
    operation('sandbox', 'getStats', 'How many sandboxes wait, and how many are in use', {
      response: { 200: schemas.stats },
    }),
    async () => {
      const { pooled: idle, max } = info.counts();
      const active = await loans.inUse();
      const { creating } = loans;
      const total = idle + active + creating;
      return { idle, active, creating, max, total, available: idle, in_use: active };
    },
  );
};
