import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { sendEvents } from '../../../http/streams/events.ts';
import { streamFormat } from '../../../http/streams/format.ts';
import { InvalidRequest } from '../../../http/validation/validation.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import { toStream } from './mapping.ts';
import * as schemas from './schemas.ts';

/** The native dialect: what a process says. */
export const eventRoutes: FastifyPluginAsyncZod<Core> = async (app, { processes }) => {
  const params = schemas.processParams;

  app.get(
    '/sandbox/:user_id/processes/:id/events',
    {
      ...sandboxOperation(
        'processes',
        'readEvents',
        'What it says, as it says it, from an event on',
        { 200: schemas.eventStream, 204: schemas.noMoreEvents, 410: schemas.lostEvents },
        { params, querystring: schemas.eventsQuery },
      ),
      exposeHeadRoute: false,
    },
    async (request, reply) => {
      const ref = refOf(request);
      const { id } = request.params;
      const after = laterOf(request.query.after, toEventId(request.headers['last-event-id']));
      const { exit, firstEventId, lastEventId } = await processes.get(ref, id);
      if (after !== undefined && exit !== null && after >= lastEventId) return reply.code(204).send(null);
      if (after !== undefined && after + 1 < firstEventId) {
        const error = `Events before ${firstEventId} are not kept.`;
        return reply.code(410).send({ error, first_id: firstEventId });
      }
      const signal = AbortSignal.any([disconnectSignal(reply), request.server.closing]);
      const events = processes.events(ref, id, { after, signal });
      return await sendEvents(reply, streamFormat(request.headers.accept), toStream(events, null));
    },
  );

  app.get(
    '/sandbox/:user_id/processes/:id/output',
    sandboxOperation(
      'processes',
      'readOutput',
      'What is kept of one of its outputs',
      { 200: schemas.plainText },
      { params, querystring: schemas.outputQuery },
    ),
    async (request, reply) => {
      const { stream, tail } = request.query;
      const output = await processes.output(refOf(request), request.params.id, stream, tail);
      return reply.type('text/plain; charset=utf-8').send(output);
    },
  );
};

/** An EventSource that connects anew asks at the address that it began with, and says in the header how far it came. */
function laterOf(asked: number | undefined, seen: number | undefined): number | undefined {
  return asked === undefined || seen === undefined ? (asked ?? seen) : Math.max(asked, seen);
}

/** The event that a reader has seen last; empty says as little as absent. */
function toEventId(header: string | string[] | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  throw new InvalidRequest([
    { loc: ['header', 'last-event-id'], msg: 'must be the id of an event', type: 'invalid_format' },
  ]);
}
