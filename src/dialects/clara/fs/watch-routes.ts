import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { FileChange } from '../../../files/file-tree.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { PING, type StreamEvent, sendEvents } from '../../../http/streams/events.ts';
import { streamFormat } from '../../../http/streams/format.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import { named, toPath } from './mapping.ts';
import * as schemas from './watch-schemas.ts';

const NOT_RESUMED = 'Changes are not kept: watch again without Last-Event-ID, and look at the files anew.';

/** The native dialect: changes of files as they happen. */
export const watchRoutes: FastifyPluginAsyncZod<Core> = async (app, { tree }) => {
  app.get(
    '/sandbox/:user_id/fs/watch',
    {
      ...sandboxOperation(
        'files',
        'watchFolder',
        'What happens in a folder, as it happens; the stream begins once all is watched',
        { 200: schemas.changeStream, 410: schemas.notResumed },
        { querystring: schemas.watchQuery },
      ),
      exposeHeadRoute: false,
    },
    async (request, reply) => {
      const { path, path_base64, recursive, after } = request.query;
      if (after !== undefined || request.headers['last-event-id']) return reply.code(410).send({ error: NOT_RESUMED });
      const signal = AbortSignal.any([disconnectSignal(reply), request.server.closing]);
      const changes = tree.watch(refOf(request), toPath(path, path_base64), recursive === 'true', signal);
      return await sendEvents(reply, streamFormat(request.headers.accept), toEvents(changes));
    },
  );
};

/** Begins with a ping, so that a client knows from when on it hears of everything. */
async function* toEvents(changes: AsyncGenerator<FileChange | null>): AsyncGenerator<StreamEvent> {
  let id = 0;
  for await (const change of changes) {
    if (change === null) {
      yield PING;
      continue;
    }
    id += 1;
    yield { id, ...toEvent(change) };
  }
}

function toEvent(change: FileChange): StreamEvent {
  if (change.event === 'overflow') return { event: 'overflow', data: {} };
  const { event, path, from, type } = change;
  const data = { ...named('path', path), ...(from === undefined ? {} : named('from', from)), type };
  return { event: event === 'attributes' ? 'modified' : event, data };
}
