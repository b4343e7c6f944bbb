import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import * as schemas from './change-schemas.ts';
import { named, toEntry, toMode, toPath } from './mapping.ts';
import { entry } from './schemas.ts';

/** The native dialect: what changes folders and files. */
export const changeRoutes: FastifyPluginAsyncZod<Core> = async (app, { tree }) => {
  app.post(
    '/sandbox/:user_id/fs/mkdir',
    sandboxOperation(
      'files',
      'makeFolder',
      'Make a folder; 200 where it was there',
      { 200: entry, 201: entry },
      { body: schemas.mkdirBody },
    ),
    async (request, reply) => {
      const { path, path_base64, parents, mode } = request.body;
      const how = { parents, mode: mode ? toMode(mode) : undefined };
      const made = await tree.makeFolder(refOf(request), toPath(path, path_base64), how, disconnectSignal(reply));
      return reply.code(made.created ? 201 : 200).send(toEntry(made.entry));
    },
  );

  for (const [op, summary, body] of [
    ['copy', 'Copy a file or folder with modes and times; the folders above its target are made', schemas.copyBody],
    ['move', 'Move or rename a file or folder; the folders above its target are made', schemas.moveBody],
  ] as const) {
    app.post(
      `/sandbox/:user_id/fs/${op}`,
      sandboxOperation('files', `${op}Path`, summary, { 200: entry }, { body }),
      async (request, reply) => {
        const { from, from_base64, to, to_base64, overwrite } = request.body;
        const relocation = { from: toPath(from, from_base64), to: toPath(to, to_base64), overwrite };
        return toEntry(await tree.relocate(refOf(request), op, relocation, disconnectSignal(reply)));
      },
    );
  }

  app.post(
    '/sandbox/:user_id/fs/chmod',
    sandboxOperation(
      'files',
      'changeMode',
      'Set the mode of a file or folder',
      { 200: entry },
      { body: schemas.chmodBody },
    ),
    async (request, reply) => {
      const { path, path_base64, mode, recursive } = request.body;
      const how = { mode: toMode(mode), recursive };
      return toEntry(await tree.changeMode(refOf(request), toPath(path, path_base64), how, disconnectSignal(reply)));
    },
  );

  app.delete(
    '/sandbox/:user_id/fs',
    sandboxOperation(
      'files',
      'removePath',
      'Delete a file, a link, an empty folder, or with recursive any folder',
      { 204: schemas.removed },
      { querystring: schemas.removeQuery },
    ),
    async (request, reply) => {
      const { path, path_base64, recursive } = request.query;
      await tree.remove(refOf(request), toPath(path, path_base64), recursive === 'true', disconnectSignal(reply));
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/sandbox/:user_id/fs/edit',
    sandboxOperation(
      'files',
      'editFile',
      'Replace texts in a file, in order; all of them, or none where one does not fit',
      { 200: schemas.editResponse },
      { body: schemas.editBody },
    ),
    async (request, reply) => {
      const { path, path_base64, edits } = request.body;
      const target = toPath(path, path_base64);
      const edited = await tree.edit(refOf(request), target, edits, disconnectSignal(reply));
      return { ...named('path', target), ...edited };
    },
  );
};
