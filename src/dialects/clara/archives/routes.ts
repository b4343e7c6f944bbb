import { posix } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { toAbsolutePath } from '../../../files/paths.ts';
import { hasBody } from '../../../http/requests/request-bytes.ts';
import { attachment } from '../../../http/transfer/content-disposition.ts';
import { refuseParts, toChunks, toStream } from '../../body-streams.ts';
import { type Core, refOf } from '../../dialect.ts';
import { namingEncoding } from '../encoding-errors.ts';
import { headersOnly } from '../fields.ts';
import { sandboxOperation } from '../operation.ts';
import * as schemas from './schemas.ts';

const ARCHIVE_TYPE = { tar: 'application/x-tar', zip: 'application/zip' } as const;

interface ArchiveRequest {
  readonly Querystring: z.output<typeof schemas.archiveQuery>;
}

/** The native dialect: whole folders, streamed; bodies are the request's own stream. */
export const archiveRoutes: FastifyPluginAsyncZod<Core> = async (app, { files }) => {
  const sendFolder = async (request: FastifyRequest<ArchiveRequest>, reply: FastifyReply) => {
    const path = toAbsolutePath(request.query.path);
    const { format } = request.query;
    await files.pack(refOf(request), path, format, toStream(reply), async ({ sizeBytes, body }) => {
      reply.type(ARCHIVE_TYPE[format]);
      if (sizeBytes !== null) reply.header('Content-Length', String(sizeBytes));
      reply.header('Content-Disposition', attachment(`${posix.basename(path) || 'root'}.${format}`));
      if (request.method !== 'HEAD') return await reply.send(body);
      body.destroy();
      return await reply.send();
    });
    return reply;
  };

  app.get(
    '/sandbox/:user_id/archive',
    {
      ...sandboxOperation(
        'files',
        'downloadFolder',
        'Download a folder as a tar or zip archive, which is made on the way',
        { 200: schemas.archiveDownload },
        { querystring: schemas.archiveQuery },
      ),
      exposeHeadRoute: false,
    },
    sendFolder,
  );

  app.head(
    '/sandbox/:user_id/archive',
    sandboxOperation(
      'files',
      'describeFolder',
      'Whether a folder can be downloaded, and under which name',
      { 200: headersOnly },
      { querystring: schemas.archiveQuery },
    ),
    sendFolder,
  );

  app.put(
    '/sandbox/:user_id/archive',
    sandboxOperation(
      'files',
      'uploadFolder',
      'Unpack a tar or zip archive into a folder; an unsafe one is refused whole, an empty one is nothing',
      { 200: schemas.unpackResponse },
      {
        consumes: ['application/x-tar', 'application/zip', 'application/octet-stream'],
        querystring: schemas.archiveUploadQuery,
        body: schemas.archiveBytes,
      },
      { streamsBody: true },
    ),
    async (request, reply) => {
      const { path, format, encoding } = request.query;
      refuseParts(request);
      // As for tar(1), no byte at all is an archive of nothing.
      if (!hasBody(request.raw)) return { path, entries: 0, bytes: 0 };
      const archive = { format, encoding, chunks: toChunks(request, reply) };
      const unpacked = await namingEncoding('query', () =>
        files.unpack(refOf(request), toAbsolutePath(path), archive, toStream(reply)),
      );
      return { path, ...unpacked };
    },
  );
};
