import { posix } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { TransferOptions } from '../../../agent/calls/call.ts';
import { packFolder, unpackFolder, versionOf, writeFile } from '../../../agent/calls/files.ts';
import { ARCHIVE_LIMITS, demandFolder, openPart, toAbsolutePath, toFilePath } from '../../../files/files.ts';
import { limitIdleClient } from '../../../http/client-idle.ts';
import { attachment } from '../../../http/content-disposition.ts';
import { disconnectSignal } from '../../../http/disconnect.ts';
import { planDownload } from '../../../http/download-plan.ts';
import { bytesOf, hasBody } from '../../../http/request-bytes.ts';
import { namingEncoding } from '../encoding-errors.ts';
import { errorResponse, sandboxErrors } from '../error-schemas.ts';
import type { ClaraOptions } from '../executions/routes.ts';
import { toOwner, toWriteCondition } from '../mapping.ts';
import { operation } from '../operation.ts';
import * as requests from '../request-schemas.ts';
import * as responses from '../response-schemas.ts';

/** How long a sandbox may move no byte while it is the one that is waited for, in milliseconds; less than a client may. */
const AGENT_IDLE_MS = 30_000;

/** The same for the client, whose connection then ends. */
const CLIENT_IDLE_MS = 60_000;

const BYTES_TYPE = 'application/octet-stream';

const ARCHIVE_TYPE = { tar: 'application/x-tar', zip: 'application/zip' } as const;

interface RawRequest {
  readonly Params: z.output<typeof requests.userParams>;
  readonly Querystring: z.output<typeof requests.downloadQuery>;
  readonly Headers: z.output<typeof requests.rangeHeaders>;
}

interface ArchiveRequest {
  readonly Params: z.output<typeof requests.userParams>;
  readonly Querystring: z.output<typeof requests.archiveQuery>;
}

export interface TransferRoutesOptions extends ClaraOptions {
  /** Hears of all bytes that pass, in either direction. */
  readonly onBytes: (bytes: number) => void;
}

/** The native dialect: files of any size and whole folders, streamed. */
export const claraTransferRoutes: FastifyPluginAsyncZod<TransferRoutesOptions> = async (app, { service, onBytes }) => {
  const params = requests.userParams;

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
      const { chosen, body } = await openPart(connection, path, choose, toTransfer(reply));
      reply.code(chosen.status).headers(chosen.headers);
      if (chosen.status === 416) {
        return await reply.send({ error: 'The file is shorter than the range that was asked for.' });
      }
      // Nothing at all, where null would be sent as JSON.
      return await (body ? reply.send(body) : reply.send());
    });
  };

  const sendFolder = async (request: FastifyRequest<ArchiveRequest>, reply: FastifyReply) => {
    const path = toAbsolutePath(request.query.path);
    const { format } = request.query;
    return await service.use(toOwner(request.params.user_id, request.auth), async (connection) => {
      const transfer = toTransfer(reply);
      await demandFolder(connection, path, transfer.signal);
      const { sizeBytes, body } = await packFolder(connection, path, format, transfer);
      reply.type(ARCHIVE_TYPE[format]);
      if (sizeBytes !== null) reply.header('Content-Length', String(sizeBytes));
      reply.header('Content-Disposition', attachment(`${posix.basename(path) || 'root'}.${format}`));
      if (request.method !== 'HEAD') return await reply.send(body);
      body.destroy();
      return await reply.send();
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
      response: { 200: responses.headersOnly, 304: responses.notChanged, ...sandboxErrors },
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
      const only = toWriteCondition(request.headers);
      const size = toSize(request.headers['content-length']);
      return await service.write(toOwner(request.params.user_id, request.auth), async (connection) => {
        const write = { ...toTransfer(reply), size, only };
        const written = await writeFile(connection, target, toChunks(request, reply), write);
        reply.code(written.created ? 201 : 200);
        return { path, size: written.bytes };
      });
    },
  );

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
      // As for tar(1), no byte at all is an archive of nothing.
      if (!hasBody(request.raw)) return { path, entries: 0, bytes: 0 };
      return await service.write(toOwner(request.params.user_id, request.auth), async (connection) => {
        const transfer = toTransfer(reply);
        const chunks = toChunks(request, reply);
        const how = { limits: ARCHIVE_LIMITS, encoding };
        const unpacked = await namingEncoding('query', () =>
          unpackFolder(connection, toAbsolutePath(path), format, how, chunks, transfer),
        );
        return { path, ...unpacked };
      });
    },
  );
};

function toSize(contentLength: string | undefined): number | undefined {
  return contentLength === undefined ? undefined : Number(contentLength);
}
