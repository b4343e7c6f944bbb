import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Clock } from '../../../async/clock.ts';
import { HttpError } from '../../../http/errors/http-error.ts';
import { type Core, refOf } from '../../dialect.ts';
import { errorResponse } from '../errors.ts';
import { sandboxOperation } from '../operation.ts';
import * as schemas from './schemas.ts';
import { SUBPROTOCOL, showTerminal } from './terminal-socket.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Raised when the signature that let it in is revoked; null where none did. */
    revoked: AbortSignal | null;
  }
}

/** The native dialect: terminals. */
export const terminalRoutes: FastifyPluginAsyncZod<Core> = async (app, { processes, settings, clock }) => {
  const params = schemas.processParams;
  app.decorateRequest('revoked', null);

  app.post(
    '/sandbox/:user_id/processes/:id/resize',
    sandboxOperation(
      'processes',
      'resizeTerminal',
      'Change the size of its terminal',
      { 204: schemas.noContent },
      { params, body: schemas.resizeBody },
    ),
    async (request, reply) => {
      await processes.resize(refOf(request), request.params.id, request.body);
      return reply.code(204).send(null);
    },
  );

  app.route({
    method: 'GET',
    url: '/sandbox/:user_id/processes/:id/attach',
    exposeHeadRoute: false,
    ...sandboxOperation(
      'processes',
      'attachTerminal',
      'See its terminal and type on it, over a WebSocket',
      { 101: schemas.upgraded, 426: errorResponse },
      { params, querystring: schemas.attachQuery },
    ),
    preHandler: async (request) => {
      requireSubprotocol(request);
      await processes.getViewable(refOf(request), request.params.id);
      const { signed } = request;
      if (signed) request.revoked = await settings.whenRevoked(refOf(request), signed.signatures);
    },
    handler: async () => {
      throw noWebSocket();
    },
    wsHandler: (socket, request) => {
      const { params, query } = request;
      showTerminal(socket, {
        open: (signal) => processes.view(refOf(request), params.id, { after: query.after, signal }),
        resize: (size) => processes.resize(refOf(request), params.id, size),
        closing: request.server.closing,
        expires: expiryOf(request, clock),
      });
    },
  });
};

/** Raised when the signature of a request expires or is revoked; null where a key let it in. */
function expiryOf({ signed, revoked }: FastifyRequest, clock: Clock): AbortSignal | null {
  if (!signed || !revoked) return null;
  return AbortSignal.any([AbortSignal.timeout(Math.max(0, signed.expiresAt * 1000 - clock.wallMs())), revoked]);
}

function requireSubprotocol(request: FastifyRequest): void {
  const asked = String(request.headers['sec-websocket-protocol'] ?? '').split(',');
  if (!asked.some((name) => name.trim() === SUBPROTOCOL)) throw noWebSocket();
}

function noWebSocket(): HttpError {
  const sentence = `A terminal is seen over a WebSocket with the subprotocol ${SUBPROTOCOL}.`;
  return new HttpError(426, sentence, { headers: { Upgrade: 'websocket' } });
}
