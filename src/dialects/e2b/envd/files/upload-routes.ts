import { posix } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { SandboxError } from '../../../../base/errors.ts';
import { acceptForms, formParts } from '../../../../http/bodies/form-parts.ts';
import { HttpError } from '../../../../http/errors/http-error.ts';
import { limitIdleClient } from '../../../../http/streams/client-idle.ts';
import { toStream } from '../../../body-streams.ts';
import type { Core } from '../../../dialect.ts';
import { visitOf } from '../../visit.ts';
import { envdOperation } from '../operation.ts';
import { resolvePath } from '../paths.ts';
import { toAttributes, toMetadata } from './metadata.ts';
import * as schemas from './schemas.ts';
import { toUser } from './target.ts';
import { bytesOf, decoded } from './upload-bodies.ts';

const BYTES_TYPE = 'application/octet-stream';

/** The parts of a form that are files; others are passed over. */
const FILE_FIELD = 'file';

interface Upload {
  readonly path: string;
  readonly chunks: AsyncIterable<Buffer>;
}

/** POST /files of envd: one file as it is, or several as a form. */
export const uploadRoutes: FastifyPluginAsyncZod<Core> = async (app, { files }) => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(BYTES_TYPE, (_request, _payload, done) => done(null));
  app.addContentTypeParser('*', (_request, _payload, done) => done(otherType()));
  await acceptForms(app, { keepsFolders: true, fileField: FILE_FIELD });

  const write = async (request: FastifyRequest, reply: FastifyReply, uploads: AsyncIterable<Upload>) => {
    const metadata = toMetadata(request.raw.rawHeaders);
    const hasMetadata = Object.keys(metadata).length > 0;
    // From the last byte on it is the sandbox that works.
    request.raw.once('end', () => limitIdleClient(reply, 0));
    const options = { ...toStream(reply), size: undefined, only: undefined, attributes: toAttributes(metadata) };
    const written = new Set<string>();
    for await (const { path, chunks } of uploads) {
      if (written.has(path)) throw new SandboxError('invalid', `Two files are for the same path: ${path}.`);
      await files.upload(visitOf(request).ref, path, chunks, options);
      written.add(path);
    }
    if (written.size === 0) throw new SandboxError('invalid', 'The form has no part named file.');
    return [...written].map((path) => ({
      path,
      name: posix.basename(path),
      type: 'file' as const,
      ...(hasMetadata ? { metadata } : {}),
    }));
  };

  app.post(
    '/files',
    envdOperation(
      {
        querystring: schemas.fileQuery,
        response: { 200: schemas.entries, 507: schemas.errorResponse },
      },
      { streamsBody: true, takesGzip: true, e2b: { needs: 'token or signature' } },
    ),
    async (request, reply) => {
      const { path, username } = request.query;
      const user = toUser(username);
      const target = path === undefined || path === '' ? null : resolvePath(path, user);
      const source = decoded(request);
      async function* uploads(): AsyncGenerator<Upload> {
        if (!request.isMultipart()) {
          if (target === null) throw new SandboxError('invalid', 'The query must have the path of the file.');
          yield { path: target, chunks: bytesOf(source) };
          return;
        }
        for await (const part of formParts(source)) {
          if (part.kind === 'file' && part.name === FILE_FIELD)
            yield { path: target ?? resolvePath(requireName(part.fileName), user), chunks: part.chunks };
        }
      }
      return await write(request, reply, uploads());
    },
  );
};

function otherType(): HttpError {
  return new HttpError(415, `Send the file as ${BYTES_TYPE}, or files as multipart/form-data.`);
}

function requireName(name: string): string {
  if (name !== '') return name;
  throw new SandboxError('invalid', 'The part named file must have a file name, or the query a path.');
}
