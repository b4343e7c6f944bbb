import { posix } from 'node:path';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { toAbsolutePath } from '../../../files/paths.ts';
import { attachment } from '../../../http/transfer/content-disposition.ts';
import { WORKSPACE } from '../../../sandboxes/spec/folders.ts';
import { toStream } from '../../body-streams.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import * as schemas from './schemas.ts';

/** The manager: files. */
export const fileRoutes: FastifyPluginAsyncZod<Core> = async (app, { sandboxes, files }) => {
  app.get(
    '/sandboxes/:sandbox_id/export',
    {
      ...sandboxOperation('files', 'exportFolder', 'A folder as a zip archive, which is made on the way', {
        querystring: schemas.exportQuery,
        response: { 200: schemas.zip },
      }),
      exposeHeadRoute: false,
    },
    async (request, reply) => {
      const ref = refOf(request);
      const { name } = await sandboxes.get(ref);
      const folder = toAbsolutePath(request.query.folder_path);
      const suffix = folder === '/' ? '' : `_${posix.basename(folder)}`;
      await files.pack(ref, folder === '/' ? WORKSPACE : folder, 'zip', toStream(reply), async ({ body }) => {
        reply.type('application/zip');
        reply.header('Content-Disposition', attachment(`${name}${suffix}.zip`));
        return await reply.send(body);
      });
      return reply;
    },
  );
};
