import { posix } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { packArchive, unpackArchive } from '../../../files/archives.ts';
import { toAbsolutePath } from '../../../files/files.ts';
import { attachment } from '../../../http/content-disposition.ts';
import { hasBody } from '../../../http/request-bytes.ts';
import { namingEncoding } from '../encoding-errors.ts';
import { sandboxErrors } from '../error-schemas.ts';
import { toOwner } from '../mapping.ts';
import { operation } from '../operation.ts';
import * as requests from '../request-schemas.ts';
import * as responses from '../response-schemas.ts';
import { refuseParts, type TransferRoutesOptions, toChunks, toTransfer } from '../transfers/body-streams.ts';

const ARCHIVE_TYPE = { tar: 'application/x-tar', zip: 'application/zip' } as const;

interface ArchiveRequest {
  readonly Params: z.output<typeof requests.userParams>;
  readonly Querystring: z.output<typeof requests.archiveQuery>;
}

/** The native dialect: whole folders, streamed; bodies are the request's own stream. */
export const claraArchiveRoutes: FastifyPluginAsyncZod<TransferRoutesOptions> = async (app, { service, onBytes }) => {
  const params = requests.userParams;

  const sendFolder = async (request: FastifyRequest<ArchiveRequest>, reply: FastifyReply) => {
    const path = toAbsolutePath(request.query.path);
    const { format } = request.query;
    return await service.use(toOwner(request.params.user_id, request.auth), async (connection) => {
      const { sizeBytes, body } = await packArchive(connection, path, format, toTransfer(reply, onBytes));
      reply.type(ARCHIVE_TYPE[format]);
      if (sizeBytes !== null) reply.header('Content-Length', String(sizeBytes));
      reply.header('Content-Disposition', attachment(`${posix.basename(path) || 'root'}.${format}`));
      if (request.method !== 'HEAD') return await reply.send(body);
      body.destroy();
      return await reply.send();
    });
  };

  app.get(
    '/sandbox/:user_id/archive',
    {
      ...operation('files', 'downloadFolder', 'Download a folder as a tar or zip archive, which is made on the way', {
        params,
        querystring: requests.archiveQuery,
        response: { 200: responses.archiveDownload, ...sandboxErrors },
      }),
      exposeHeadRoute: false,
    },
    sendFolder,
  );

  app.head(
    '/sandbox/:user_id/archive',
    operation('files', 'describeFolder', 'Whether a folder can be downloaded, and under which name', {
      params,
      querystring: requests.archiveQuery,
      response: { 200: responses.headersOnly, ...sandboxErrors },
    }),
    sendFolder,
  );

  app.put(
    '/sandbox/:user_id/archive',
    operation(
      'files',
      'uploadFolder',
      'Unpack a tar or zip archive into a folder; an unsafe one is refused whole, an empty one is nothing',
      {
        consumes: ['application/x-tar', 'application/zip', 'application/octet-stream'],
        params,
        querystring: requests.archiveUploadQuery,
        body: requests.archiveBytes,
        response: { 200: responses.unpackResponse, ...sandboxErrors },
      },
      { streamsBody: true },
    ),
    async (request, reply) => {
      const { path, format, encoding } = request.query;
      refuseParts(request);
      // As for tar(1), no byte at all is an archive of nothing.
      if (!hasBody(request.raw)) return { path, entries: 0, bytes: 0 };
      return await service.write(toOwner(request.params.user_id, request.auth), async (connection) => {
        const transfer = toTransfer(reply, onBytes);
        const chunks = toChunks(request, reply);
        const unpacked = await namingEncoding('query', () =>
          unpackArchive(connection, toAbsolutePath(path), { format, encoding }, chunks, transfer),
        );
        return { path, ...unpacked };
      });
    },
  );
};
