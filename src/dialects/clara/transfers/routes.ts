import { posix } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { versionOf, writeFile } from '../../../agent/calls/files.ts';
import { openPart, toAbsolutePath, toFilePath, unchangedSince } from '../../../files/files.ts';
import { planDownload } from '../../../http/download-plan.ts';
import { isChangedSince, parseHttpDate } from '../../../http/http-date.ts';
import { claraArchiveRoutes } from '../archives/routes.ts';
import { errorResponse, sandboxErrors } from '../error-schemas.ts';
import { toOwner, toWriteCondition } from '../mapping.ts';
import { operation } from '../operation.ts';
import * as requests from '../request-schemas.ts';
import * as responses from '../response-schemas.ts';
import { refuseParts, type TransferRoutesOptions, toChunks, toTransfer } from './body-streams.ts';

const BYTES_TYPE = 'application/octet-stream';

interface RawRequest {
  readonly Params: z.output<typeof requests.userParams>;
  readonly Querystring: z.output<typeof requests.downloadQuery>;
  readonly Headers: z.output<typeof requests.rangeHeaders>;
}

/** The native dialect: files of any size and whole folders, streamed. */
export const claraTransferRoutes: FastifyPluginAsyncZod<TransferRoutesOptions> = async (app, options) => {
  const { service, onBytes } = options;
  const params = requests.userParams;

  // Bodies here are the request's own stream, whatever they call themselves and however large they are.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(BYTES_TYPE, (_request, _payload, done) => done(null));
  app.addHook('onRequest', async (request) => {
    request.headers['content-type'] = BYTES_TYPE;
  });

  const sendFile = async (request: FastifyRequest<RawRequest>, reply: FastifyReply) => {
    const path = toAbsolutePath(request.query.path);
    return await service.use(toOwner(request.params.user_id, request.auth), async (connection) => {
      const choose = (stat: Parameters<typeof versionOf>[0], sizeBytes: number | null) =>
        planDownload(
          request,
          {
            name: posix.basename(path),
            sizeBytes,
            modifiedMs: Number(stat.mtimeNs) / 1e6,
            version: versionOf(stat),
          },
          Date.now(),
        );
      const { chosen, body } = await openPart(connection, path, choose, toTransfer(reply, onBytes));
      reply.code(chosen.status).headers(chosen.headers);
      if (chosen.status === 416) {
        return await reply.send({ error: 'The file is shorter than the range that was asked for.' });
      }
      if (chosen.status === 412) return await reply.send({ error: 'The file is not the one that was asked for.' });
      // Nothing at all, where null would be sent as JSON.
      return await (body ? reply.send(body) : reply.send());
    });
  };

  app.get(
    '/sandbox/:user_id/raw',
    {
      ...operation('files', 'downloadFile', 'Download a file of any size, or a range of it', {
        params,
        querystring: requests.downloadQuery,
        headers: requests.rangeHeaders,
        response: {
          200: responses.fileDownload('The file.'),
          206: responses.fileDownload('The range.'),
          304: responses.notChanged,
          412: errorResponse,
          416: errorResponse,
          ...sandboxErrors,
        },
      }),
      exposeHeadRoute: false,
    },
    sendFile,
  );

  app.head(
    '/sandbox/:user_id/raw',
    operation('files', 'describeFile', 'Size, ETag and time of a file', {
      params,
      querystring: requests.downloadQuery,
      headers: requests.rangeHeaders,
      response: { 200: responses.headersOnly, 304: responses.notChanged, 412: errorResponse, ...sandboxErrors },
    }),
    sendFile,
  );

  app.put(
    '/sandbox/:user_id/raw',
    operation(
      'files',
      'uploadFile',
      'Upload a file of any size; its folders are made, and an old file stays until the new one is whole',
      {
        consumes: ['application/octet-stream'],
        params,
        querystring: requests.rawQuery,
        headers: requests.conditionHeaders,
        body: requests.fileBytes,
        response: { ...responses.written, 412: errorResponse, ...sandboxErrors },
      },
      { streamsBody: true },
    ),
    async (request, reply) => {
      const { path } = request.query;
      const target = toFilePath(path);
      refuseParts(request);
      const size = toSize(request.headers['content-length']);
      return await service.write(toOwner(request.params.user_id, request.auth), async (connection) => {
        const transfer = toTransfer(reply, onBytes);
        const unchanged = (header: string) =>
          unchangedSince(connection, target, (modifiedMs) => isChangedSince(header, modifiedMs), transfer.signal);
        const since = request.headers['if-unmodified-since'];
        const only =
          toWriteCondition(request.headers) ??
          (parseHttpDate(since) === null ? undefined : await unchanged(since ?? ''));
        const write = { ...transfer, size, only };
        const written = await writeFile(connection, target, toChunks(request, reply), write);
        reply.code(written.created ? 201 : 200);
        return { path, size: written.bytes };
      });
    },
  );

  await app.register(claraArchiveRoutes, options);
};

function toSize(contentLength: string | undefined): number | undefined {
  return contentLength === undefined ? undefined : Number(contentLength);
}
