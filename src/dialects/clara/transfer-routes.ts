import { posix } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { TransferOptions } from '../../agent/call.ts';
import { packFolder, unpackFolder, versionOf, writeFile } from '../../agent/files.ts';
import { limitIdleClient } from '../../http/client-idle.ts';
import { attachment } from '../../http/content-disposition.ts';
import { disconnectSignal } from '../../http/disconnect.ts';
import { planDownload } from '../../http/download-plan.ts';
import { bytesOf } from '../../http/request-bytes.ts';
import { ARCHIVE_LIMITS, demandFolder, openPart, toAbsolutePath } from '../../sandboxes/files.ts';
import { createYoungGarbageLimit } from '../../young-garbage.ts';
import { renderProblem, toOwner, toWriteCondition } from './mapping.ts';
import type { ClaraOptions } from './routes.ts';
import * as schemas from './schemas.ts';

/** How long a sandbox may move no byte while it is the one that is waited for, in milliseconds; less than a client may. */
const AGENT_IDLE_MS = 30_000;

/** The same for the client, whose connection then ends. */
const CLIENT_IDLE_MS = 60_000;

const BYTES_TYPE = 'application/octet-stream';

const ARCHIVE_TYPE = { tar: 'application/x-tar', zip: 'application/zip' } as const;

const errors = {
  401: schemas.errorResponse,
  404: schemas.errorResponse,
  409: schemas.errorResponse,
  422: schemas.validationErrorResponse,
  503: schemas.errorResponse,
};

const uploadErrors = { ...errors, 507: schemas.errorResponse };

interface RawRequest {
  readonly Params: z.output<typeof schemas.userParams>;
  readonly Querystring: z.output<typeof schemas.fileQuery>;
  readonly Headers: z.output<typeof schemas.rangeHeaders>;
}

/** The native dialect: files of any size and whole folders, streamed. */
export const claraTransferRoutes: FastifyPluginAsyncZod<ClaraOptions> = async (app, { service }) => {
  const routeConfig = { renderProblem };
  const params = schemas.userParams;
  const onBytes = createYoungGarbageLimit();

  // Bodies here are the request's own stream, whatever they call themselves and however large they are.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(BYTES_TYPE, (_request, _payload, done) => done(null));
  app.addHook('onRequest', async (request) => {
    request.headers['content-type'] = BYTES_TYPE;
  });

  const toTransfer = (reply: FastifyReply): TransferOptions & { readonly signal: AbortSignal } => {
    limitIdleClient(reply, CLIENT_IDLE_MS);
    return { idleMs: AGENT_IDLE_MS, signal: disconnectSignal(reply), onBytes };
  };

  const toChunks = (request: FastifyRequest, reply: FastifyReply) => {
    // From then on it is the sandbox that works.
    request.raw.once('end', () => limitIdleClient(reply, 0));
    return bytesOf(request.raw);
  };

  const sendFile = async (request: FastifyRequest<RawRequest>, reply: FastifyReply) => {
    const path = toAbsolutePath(request.query.path);
    return await service.use(toOwner(request.params.user_id, request.auth), async (connection) => {
      const choose = (stat: Parameters<typeof versionOf>[0]) =>
        planDownload(
          request,
          {
            name: posix.basename(path),
            sizeBytes: stat.size,
            modifiedMs: Number(stat.mtimeNs) / 1e6,
            version: versionOf(stat),
          },
          Date.now(),
        );
      const { chosen, body } = await openPart(connection, path, choose, toTransfer(reply));
      reply.code(chosen.status).headers(chosen.headers);
      if (chosen.status === 416) {
        return await reply.send({ error: 'The file is shorter than the range that was asked for.' });
      }
      // Nothing at all, where null would be sent as JSON.
      return await (body ? reply.send(body) : reply.send());
    });
  };

  app.get(
    '/sandbox/:user_id/raw',
    {
      config: routeConfig,
      exposeHeadRoute: false,
      schema: {
        operationId: 'downloadFile',
        summary: 'Download a file of any size, or a range of it',
        tags: ['files'],
        params,
        querystring: schemas.fileQuery,
        headers: schemas.rangeHeaders,
        response: {
          200: { description: 'The file.', content: { 'application/octet-stream': { schema: schemas.bytes } } },
          206: { description: 'The range.', content: { 'application/octet-stream': { schema: schemas.bytes } } },
          304: schemas.nothing.describe('The file has one of the ETags of If-None-Match.'),
          416: schemas.errorResponse,
          ...errors,
        },
      },
    },
    sendFile,
  );

  app.head(
    '/sandbox/:user_id/raw',
    {
      config: routeConfig,
      schema: {
        operationId: 'describeFile',
        summary: 'Size, ETag and time of a file',
        tags: ['files'],
        params,
        querystring: schemas.fileQuery,
        headers: schemas.rangeHeaders,
        response: { 200: schemas.nothing.describe('The headers of the download.'), ...errors },
      },
    },
    sendFile,
  );

  app.put(
    '/sandbox/:user_id/raw',
    {
      config: { ...routeConfig, streamsBody: true },
      schema: {
        operationId: 'uploadFile',
        summary: 'Upload a file of any size; its folders are made, and an old file stays until the new one is whole',
        tags: ['files'],
        consumes: ['application/octet-stream'],
        params,
        querystring: schemas.fileQuery,
        headers: schemas.conditionHeaders,
        body: schemas.bytes,
        response: {
          200: schemas.rawWriteResponse,
          201: schemas.rawWriteResponse,
          412: schemas.errorResponse,
          ...uploadErrors,
        },
      },
    },
    async (request, reply) => {
      const { path } = request.query;
      const only = toWriteCondition(request.headers);
      const size = toSize(request.headers['content-length']);
      return await service.write(toOwner(request.params.user_id, request.auth), async (connection) => {
        const write = { ...toTransfer(reply), size, only };
        const written = await writeFile(connection, toAbsolutePath(path), toChunks(request, reply), write);
        reply.code(written.created ? 201 : 200);
        return { path, size: written.bytes };
      });
    },
  );

  app.get(
    '/sandbox/:user_id/archive',
    {
      config: routeConfig,
      exposeHeadRoute: false,
      schema: {
        operationId: 'downloadFolder',
        summary: 'Download a folder as a tar or zip archive, which is made on the way',
        tags: ['files'],
        params,
        querystring: schemas.archiveQuery,
        response: {
          200: {
            description: 'The archive; its names start below the folder.',
            content: {
              'application/x-tar': { schema: schemas.bytes },
              'application/zip': { schema: schemas.bytes },
            },
          },
          ...errors,
        },
      },
    },
    async (request, reply) => {
      const path = toAbsolutePath(request.query.path);
      const { format } = request.query;
      return await service.use(toOwner(request.params.user_id, request.auth), async (connection) => {
        const transfer = toTransfer(reply);
        await demandFolder(connection, path, transfer.signal);
        const body = await packFolder(connection, path, format, transfer);
        reply.type(ARCHIVE_TYPE[format]);
        reply.header('Content-Disposition', attachment(`${posix.basename(path) || 'root'}.${format}`));
        return await reply.send(body);
      });
    },
  );

  app.put(
    '/sandbox/:user_id/archive',
    {
      config: { ...routeConfig, streamsBody: true },
      schema: {
        operationId: 'uploadFolder',
        summary: 'Unpack a tar or zip archive into a folder; an unsafe one is refused whole',
        tags: ['files'],
        consumes: ['application/x-tar', 'application/zip', 'application/octet-stream'],
        params,
        querystring: schemas.archiveQuery,
        body: schemas.bytes,
        response: { 200: schemas.unpackResponse, 413: schemas.errorResponse, ...uploadErrors },
      },
    },
    async (request, reply) => {
      const { path, format } = request.query;
      return await service.write(toOwner(request.params.user_id, request.auth), async (connection) => {
        const transfer = toTransfer(reply);
        const chunks = toChunks(request, reply);
        const unpacked = await unpackFolder(connection, toAbsolutePath(path), format, ARCHIVE_LIMITS, chunks, transfer);
        return { path, ...unpacked };
      });
    },
  );
};

function toSize(contentLength: string | undefined): number | undefined {
  return contentLength === undefined ? undefined : Number(contentLength);
}
