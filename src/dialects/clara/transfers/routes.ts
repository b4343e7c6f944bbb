import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { toAbsolutePath, toFilePath } from '../../../files/paths.ts';
import { refuseParts, toChunks, toStream } from '../../body-streams.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sendFile } from '../../file-download.ts';
import { archiveRoutes } from '../archives/routes.ts';
import { errorResponse } from '../errors.ts';
import { headersOnly } from '../fields.ts';
import { sandboxOperation } from '../operation.ts';
import { toCondition } from './conditions.ts';
import * as schemas from './schemas.ts';

const BYTES_TYPE = 'application/octet-stream';

interface RawRequest {
  readonly Querystring: z.output<typeof schemas.downloadQuery>;
  readonly Headers: z.output<typeof schemas.rangeHeaders>;
}

/** The native dialect: files of any size and whole folders, streamed. */
export const transferRoutes: FastifyPluginAsyncZod<Core> = async (app, core) => {
  const { files } = core;
  // Bodies here are the request's own stream, whatever they call themselves and however large they are.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(BYTES_TYPE, (_request, _payload, done) => done(null));
  app.addHook('onRequest', async (request) => {
    request.headers['content-type'] = BYTES_TYPE;
  });

  const download = async (request: FastifyRequest<RawRequest>, reply: FastifyReply) => {
    const path = toAbsolutePath(request.query.path);
    await sendFile(core, refOf(request), path, { request, reply }, (_status, error) => ({ error }));
    return reply;
  };

  app.get(
    '/sandbox/:user_id/raw',
    {
      ...sandboxOperation(
        'files',
        'downloadFile',
        'Download a file of any size, or a range of it',
        {
          200: schemas.fileDownload('The file.'),
          206: schemas.fileDownload('The range.'),
          304: schemas.notChanged,
          412: errorResponse,
          416: errorResponse,
        },
        { querystring: schemas.downloadQuery, headers: schemas.rangeHeaders },
      ),
      exposeHeadRoute: false,
    },
    download,
  );

  app.head(
    '/sandbox/:user_id/raw',
    sandboxOperation(
      'files',
      'describeFile',
      'Size, ETag and time of a file',
      { 200: headersOnly, 304: schemas.notChanged, 412: errorResponse },
      { querystring: schemas.downloadQuery, headers: schemas.rangeHeaders },
    ),
    download,
  );

  app.put(
    '/sandbox/:user_id/raw',
    sandboxOperation(
      'files',
      'uploadFile',
      'Upload a file of any size; its folders are made, and an old file stays until the new one is whole',
      { ...schemas.written, 412: errorResponse },
      {
        consumes: ['application/octet-stream'],
        querystring: schemas.rawQuery,
        headers: schemas.conditionHeaders,
        body: schemas.fileBytes,
      },
      { streamsBody: true },
    ),
    async (request, reply) => {
      const { path } = request.query;
      const target = toFilePath(path);
      refuseParts(request);
      const size = toSize(request.headers['content-length']);
      const options = { ...toStream(reply), size, only: toCondition(request.headers) };
      const written = await files.upload(refOf(request), target, toChunks(request, reply), options);
      reply.code(written.created ? 201 : 200);
      return { path, size: written.bytes };
    },
  );

  await archiveRoutes(app, core);
};

function toSize(contentLength: string | undefined): number | undefined {
  return contentLength === undefined ? undefined : Number(contentLength);
}
