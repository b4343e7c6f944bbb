import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { Core } from '../../../dialect.ts';
import { untilDeadline } from '../connect/call-times.ts';
import { resolvePath } from '../paths.ts';
import type { Call, Rpc } from '../rpc.ts';
import * as schemas from './schemas.ts';
import { Watchers } from './watchers.ts';
import { watchEvents, withEntry } from './watching.ts';

const SERVICE = 'filesystem.Filesystem';
const PING = { keepalive: {} };

/** filesystem.Filesystem of envd: what happens in folders, as a stream or asked for. */
export function watchRoutes(app: FastifyInstance, rpc: Rpc, { tree }: Core): void {
  const watchers = new Watchers(tree, app.closing);

  rpc.stream(
    { service: SERVICE, name: 'WatchDir', message: schemas.watchRequest },
    PING,
    async function* (call, message) {
      const watching = { ...toWatching(call, message), signal: call.signal };
      const watch = (signal: AbortSignal) => watchEvents(tree, { ...watching, signal });
      for await (const event of untilDeadline(call, 'The stream was ended at its deadline.', watch)) {
        yield event === null ? { start: {} } : { filesystem: await withEntry(tree, watching, event) };
      }
    },
  );

  rpc.unary({ service: SERVICE, name: 'CreateWatcher', message: schemas.watchRequest }, async (call, message) => ({
    watcherId: await watchers.create(toWatching(call, message)),
  }));

  rpc.unary(
    { service: SERVICE, name: 'GetWatcherEvents', message: schemas.watcherRequest },
    async ({ ref, signal }, message) => ({
      events: await watchers.take(ref, message.watcherId, signal),
    }),
  );

  rpc.unary({ service: SERVICE, name: 'RemoveWatcher', message: schemas.watcherRequest }, async ({ ref }, message) => {
    watchers.remove(ref, message.watcherId);
    return {};
  });
}

function toWatching({ ref, user }: Call, message: z.output<typeof schemas.watchRequest>) {
  return {
    ref,
    path: resolvePath(message.path, user),
    isRecursive: message.recursive ?? false,
    hasEntries: message.includeEntry ?? false,
  };
}
