import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { scoped } from '../../../http/routing/scope.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import { changeRoutes } from './change-routes.ts';
import { fromCursor, toCursor } from './cursor.ts';
import { toEntry, toPath } from './mapping.ts';
import * as schemas from './schemas.ts';
import { searchRoutes } from './search-routes.ts';
import { uploadRoutes } from './upload-routes.ts';
import { watchRoutes } from './watch-routes.ts';

/** The native dialect: folders and files as data. */
export const treeRoutes: FastifyPluginAsyncZod<Core> = async (app, core) => {
  const { tree } = core;

  app.get(
    '/sandbox/:user_id/fs',
    sandboxOperation(
      'files',
      'listEntries',
      'List a folder as data, by pages, as deep as is asked for',
      { 200: schemas.listResponse },
      { querystring: schemas.listQuery },
    ),
    async (request, reply) => {
      const { path, path_base64, depth, limit, cursor, hidden } = request.query;
      const folder = toPath(path, path_base64);
      const after = cursor === undefined ? null : fromCursor(cursor);
      const list = { depth, limit, hidden: hidden === 'true', after };
      const { entries, next } = await tree.list(refOf(request), folder, list, disconnectSignal(reply));
      return { entries: entries.map(toEntry), next_cursor: next === null ? null : toCursor(next) };
    },
  );

  app.get(
    '/sandbox/:user_id/fs/stat',
    sandboxOperation(
      'files',
      'statPath',
      'What is at a path',
      { 200: schemas.entry },
      { querystring: schemas.statQuery },
    ),
    async (request, reply) => {
      const { path, path_base64, follow } = request.query;
      const target = toPath(path, path_base64);
      return toEntry(await tree.stat(refOf(request), target, follow === 'true', disconnectSignal(reply)));
    },
  );

  await changeRoutes(app, core);
  await searchRoutes(app, core);
  await watchRoutes(app, core);
  await app.register(scoped('uploads', uploadRoutes), core);
};
