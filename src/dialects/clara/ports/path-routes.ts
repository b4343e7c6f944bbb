import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { SandboxError } from '../../../base/errors.ts';
import type { KeyCheck } from '../../../http/auth/key-check.ts';
import { leaveBodies, passedMethods } from '../../../http/forward/passed-requests.ts';
import type { Core } from '../../dialect.ts';
import { toApiHeaders } from '../../passing.ts';
import { scopeOf } from '../../port-urls.ts';
import { PortAdmission } from './admission.ts';
import { showFailuresAsPages } from './failure-page.ts';
import { passToPort } from './passing.ts';
import type { PortOptions } from './routes.ts';
import { portParams } from './schemas.ts';
import { below, belowPort, tokensOf, withoutToken } from './targets.ts';

/** The native dialect: what runs on a port, for programs, below the sandbox's own address. */
export const pathRoutes: FastifyPluginAsyncZod<Core & PortOptions & { keys: KeyCheck }> = async (app, core) => {
  const admission = new PortAdmission(core);
  leaveBodies(app);
  showFailuresAsPages(app);

  const pass = async (request: FastifyRequest<{ Params: z.output<typeof portParams> }>, reply: FastifyReply) => {
    const { user_id: userId, port } = request.params;
    if (request.headers['service-worker'] !== undefined) {
      throw new SandboxError(
        'forbidden',
        'A service worker is not served below the API; open the preview of the port.',
      );
    }
    const asked = belowPort(request.url);
    const asking = { userId, port, tokens: tokensOf(asked), isHost: false, isForeign: false };
    const admitted = await admission.admit(request, asking);
    const isPrivate = admitted.signed !== null;
    return await passToPort(request, reply, core, {
      admitted,
      port,
      target: below(admitted.settings.pathPrefix, withoutToken(asked, admitted.token)),
      // No page knows this server by the API's name.
      host: `localhost:${port}`,
      prefix: scopeOf(userId, port).slice(0, -1),
      toAnswerHeaders: (headers) => toApiHeaders(headers, isPrivate),
    });
  };

  app.route({
    method: passedMethods(app),
    url: '/sandbox/:user_id/ports/:port/*',
    config: { needsKey: true, streamsBody: true, isPassedOn: true, answersHalfClosed: true },
    schema: { hide: true, params: portParams },
    // A WebSocket has no handler of its own.
    preHandler: async (request, reply) => (request.ws ? await pass(request, reply) : undefined),
    handler: pass,
  });
};
