import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { isSandboxError } from '../../../base/errors.ts';
import type { KeyCheck } from '../../../http/auth/key-check.ts';
import { toPageHeaders } from '../../../http/forward/page-headers.ts';
import { passOn } from '../../../http/forward/pass-on.ts';
import { leaveBodies, passedMethods } from '../../../http/forward/passed-requests.ts';
import { toPortHeaders } from '../../../http/forward/request-headers.ts';
import type { Core } from '../../dialect.ts';
import { sendGone, sendPortClosed } from '../gone.ts';
import { type Visit, visitOf } from '../visit.ts';

/** A server that is just starting is waited for: so often, and so long in between, in milliseconds. */
const ATTEMPTS = 5;
const BETWEEN_MS = 100;

/** What is for this server alone. */
const OWN_HEADER = /^(?:e2b-sandbox-(?:id|port)|e2b-traffic-access-token)$/i;

/** E2B: any server that code has started in a sandbox. */
export const portRoutes: FastifyPluginAsyncZod<Core & { readonly keys: KeyCheck }> = async (app, { ports, keys }) => {
  leaveBodies(app);

  const connect = async ({ ref, port }: Visit) => {
    for (let left = ATTEMPTS; ; left -= 1) {
      try {
        return await ports.connect(ref, port, { isVisitor: false });
      } catch (error) {
        if (left === 1 || !isSandboxError(error, 'unreachable')) throw error;
        await sleep(BETWEEN_MS);
      }
    }
  };

  const pass = async (request: FastifyRequest, reply: FastifyReply) => {
    const visit = visitOf(request);
    const { port, tenancy } = visit;
    const host = tenancy.terms.network.maskRequestHost?.replaceAll(/\$\{PORT\}/g, String(port));
    const headers = toPortHeaders(request, {
      host: host ?? (visit.isHost ? request.host : `localhost:${port}`),
      prefix: null,
      hidesAuthorization: keys.hasKeyInAuthorization(request),
    });
    try {
      return await passOn(request, reply, {
        target: toTarget(request.url, visit.isHost),
        headers: headers.filter(([name]) => !OWN_HEADER.test(name)),
        connect: () => connect(visit),
        toAnswerHeaders: (answered) => (visit.isHost ? toPageHeaders(answered) : answered),
        lease: async () => ({ ends: request.server.closing, forMs: null }),
      });
    } catch (error) {
      if (isSandboxError(error, 'not_found')) return sendGone(request, reply, visit.id);
      if (isSandboxError(error, 'unreachable')) return sendPortClosed(request, reply, visit);
      throw error;
    }
  };

  app.route({
    method: passedMethods(app),
    url: '*',
    config: {
      streamsBody: true,
      isPassedOn: true,
      answersHalfClosed: true,
      isPreview: true,
      cors: false,
      e2b: { needs: 'nothing', isOpenByHost: true },
    },
    schema: { hide: true },
    // A WebSocket has no handler of its own.
    preHandler: async (request, reply) => (request.ws ? await pass(request, reply) : undefined),
    handler: pass,
  });
};

/** Path and query; without the prefix under which the whole dialect is. */
function toTarget(url: string, isHost: boolean): string {
  const target = url.replace(/^https?:\/\/[^/?#]*/i, '');
  const asked = isHost ? target : target.replace(/^\/e2b(?=[/?]|$)/, '');
  return asked.startsWith('/') ? asked : `/${asked}`;
}
