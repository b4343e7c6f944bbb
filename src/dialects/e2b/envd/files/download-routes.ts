import { posix } from 'node:path';
import { pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isSandboxError } from '../../../../base/errors.ts';
import { type FileStat, versionOf } from '../../../../files/files.ts';
import { planDownload } from '../../../../http/transfer/download-plan.ts';
import { toStream } from '../../../body-streams.ts';
import type { Core } from '../../../dialect.ts';
import { visitOf } from '../../visit.ts';
import { envdOperation } from '../operation.ts';
import { resolvePath } from '../paths.ts';
import { toFileAnswer } from './answer.ts';
import * as schemas from './schemas.ts';
import { missing, toUser } from './target.ts';

const bytes = (description: string) => z.any().meta({ description });

/** GET /files of envd. */
export const downloadRoutes: FastifyPluginAsyncZod<Core> = async (app, { files, clock }) => {
  app.get(
    '/files',
    {
      ...envdOperation(
        {
          querystring: schemas.fileQuery,
          response: {
            200: bytes('The file.'),
            206: bytes('The range.'),
            304: bytes('It was not changed.'),
            404: schemas.errorResponse,
            406: schemas.errorResponse,
            412: schemas.errorResponse,
            416: schemas.errorResponse,
          },
        },
        { e2b: { needs: 'token or signature' } },
      ),
      exposeHeadRoute: false,
    },
    async (request, reply) => {
      const { path: asked = '', username } = request.query;
      const path = resolvePath(asked, toUser(username));
      const name = posix.basename(path);
      const choose = (stat: FileStat, sizeBytes: number | null) => {
        const file = { name, sizeBytes, modifiedMs: Number(stat.mtimeNs) / 1e6, version: versionOf(stat) };
        const plan = planDownload(request, file, clock.wallMs());
        return { ...plan, sizeBytes };
      };
      const send = async ({
        chosen,
        body,
      }: Parameters<Parameters<typeof files.download<ReturnType<typeof choose>>>[4]>[0]) => {
        const accept = request.headers['accept-encoding'];
        const { coding, headers } = toFileAnswer(chosen, { name, sizeBytes: chosen.sizeBytes, accept });
        if (coding === null) {
          body?.destroy();
          return await reply
            .code(406)
            .send({ code: 406, message: 'No coding that Accept-Encoding takes can be sent: allow gzip or identity.' });
        }
        reply.code(chosen.status).headers(headers);
        if (chosen.status === 416)
          return await reply.send({ code: 416, message: 'The file is shorter than the range.' });
        if (chosen.status === 412) return await reply.send({ code: 412, message: 'The file is another one by now.' });
        if (body && coding === 'gzip') return await reply.send(pipeline(body, createGzip(), () => undefined));
        return await (body ? reply.send(body) : reply.send());
      };
      try {
        await files.download(visitOf(request).ref, path, choose, toStream(reply), send);
      } catch (error) {
        throw isSandboxError(error, 'not_found') ? missing(path) : error;
      }
      return reply;
    },
  );
};
