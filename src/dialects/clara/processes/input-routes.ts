import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { bytesOf } from '../../../http/requests/request-bytes.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import * as schemas from './schemas.ts';

const BYTES_TYPE = 'application/octet-stream';

/** The native dialect: what a process is told. */
export const inputRoutes: FastifyPluginAsyncZod<Core> = async (app, { processes }) => {
  const params = schemas.processParams;

  // Input is the request's own stream, whatever it calls itself.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(BYTES_TYPE, (_request, _payload, done) => done(null));
  app.addHook('onRequest', async (request) => {
    request.headers['content-type'] = BYTES_TYPE;
  });

  app.post(
    '/sandbox/:user_id/processes/:id/stdin',
    sandboxOperation(
      'processes',
      'writeInput',
      'Write to its standard input',
      { 204: schemas.noContent, 408: schemas.unreadInput },
      { consumes: [BYTES_TYPE], params, querystring: schemas.stdinQuery, body: schemas.stdinBytes },
      { streamsBody: true },
    ),
    async (request, reply) => {
      const options = { closes: request.query.close === 'true', signal: disconnectSignal(reply) };
      await processes.write(refOf(request), request.params.id, bytesOf(request.raw), options);
      return reply.code(204).send(null);
    },
  );
};
