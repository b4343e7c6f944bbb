import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { SandboxError } from '../../../base/errors.ts';
import { type Core, refOf } from '../../dialect.ts';
import { lifeToBegin } from '../life.ts';
import { NAMESPACE, sandboxOperation } from '../operation.ts';
import { newToken } from '../tokens.ts';
import { beginTime } from './beginning.ts';
import { newId, requireTimeout } from './making.ts';
import { toSandbox } from './mapping.ts';
import { type ControlOptions, MAX_TIMEOUT_SECONDS } from './routes.ts';
import * as schemas from './schemas.ts';

type Forked = z.output<typeof schemas.forked>[number];

/** E2B: sandboxes that go on from the files of another. */
export const forkRoutes: FastifyPluginAsyncZod<Core & ControlOptions> = async (app, core) => {
  const { tenancies, forks, snapshots, clock, previewDomain: domain } = core;

  app.post(
    '/sandboxes/:sandboxID/fork',
    sandboxOperation('sandboxes', 'fork', 'Make sandboxes with the files of this one', {
      body: schemas.forkBody,
      response: { 201: schemas.forked },
    }),
    async (request, reply) => {
      const ref = refOf(request);
      const { timeout, count } = { timeout: request.body?.timeout ?? 15, count: request.body?.count ?? 1 };
      const seconds = requireTimeout(timeout, MAX_TIMEOUT_SECONDS);
      const source = await tenancies.get(ref);
      if (source.isSuspended) throw new SandboxError('conflict', 'The sandbox is paused; resume it first.');
      const env = await snapshots.envOf(ref.principal, source);
      const makeOne = async (): Promise<Forked> => {
        const { terms, labels, asked, address } = source;
        const own = {
          ...terms,
          token: terms.token === null ? null : newToken(),
          trafficToken: terms.trafficToken === null ? null : newToken(),
          timeoutSeconds: seconds,
        };
        const made = { address: { namespace: NAMESPACE, id: newId() }, principal: ref.principal };
        const life = lifeToBegin(clock.wallMs(), 'purge');
        const change = { env, labels, terms: own };
        await forks.create(made, { address, checkpointId: null }, { asked, life, change });
        return { sandbox: toSandbox({ tenancy: await beginTime(core, made), domain }) };
      };
      const made: Forked[] = [];
      for (let left = count; left > 0; left -= 1) made.push(await makeOne().catch(toFailure));
      return await reply.code(201).send(made);
    },
  );
};

/** One that cannot be made does not undo the others. */
function toFailure(error: unknown): Forked {
  if (!(error instanceof SandboxError)) throw error;
  const code = error.kind === 'limit' || error.kind === 'too_many' ? 429 : error.kind === 'no_space' ? 507 : 503;
  return { error: { code, message: error.message } };
}
