import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { passOn } from '../../../http/forward/pass-on.ts';
import { leaveBodies, passedMethods } from '../../../http/forward/passed-requests.ts';
import { toPortHeaders } from '../../../http/forward/request-headers.ts';
import { type Core, refOf } from '../../dialect.ts';
import { toApiHeaders } from '../../passing.ts';

const params = z.object({ sandbox_id: z.string(), port: z.coerce.number().int().min(1).max(65_535), '*': z.string() });

/** The manager: what runs on a port, for whoever has the key, below the sandbox's own address. */
export const pathRoutes: FastifyPluginAsyncZod<Core> = async (app, { ports }) => {
  leaveBodies(app);

  const pass = async (request: FastifyRequest<{ Params: z.output<typeof params> }>, reply: FastifyReply) => {
    const { port } = request.params;
    const ref = refOf(request);
    const [, prefix = '', target = '/'] = /^(.*?\/ports\/\d+)(\/.*)$/s.exec(request.url) ?? [];
    return await passOn(request, reply, {
      target,
      // The key is the server's own business, in whatever header it came.
      headers: toPortHeaders(request, { host: `localhost:${port}`, prefix, hidesAuthorization: true }),
      connect: () => ports.connect(ref, port, { isVisitor: false }),
      toAnswerHeaders: (headers) => toApiHeaders(headers, false),
      lease: async () => ({ ends: request.server.closing, forMs: null }),
    });
  };

  app.route({
    method: passedMethods(app),
    url: '/sandboxes/:sandbox_id/ports/:port/*',
    config: { isAboutNoUser: true, streamsBody: true, isPassedOn: true, answersHalfClosed: true },
    schema: { hide: true, params },
    // A WebSocket has no handler of its own.
    preHandler: async (request, reply) => (request.ws ? await pass(request, reply) : undefined),
    handler: pass,
  });
};
