import { posix } from 'node:path';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { isSandboxError, SandboxError } from '../../../../base/errors.ts';
import { toStream } from '../../../body-streams.ts';
import type { Core } from '../../../dialect.ts';
import { visitOf } from '../../visit.ts';
import { envdOperation } from '../operation.ts';
import { resolvePath } from '../paths.ts';
import * as schemas from './schemas.ts';
import { missing, toUser } from './target.ts';

/** POST /files/compose of envd: one file of several. */
export const composeRoutes: FastifyPluginAsyncZod<Core> = async (app, { files, tree }) => {
  app.post(
    '/files/compose',
    envdOperation({
      body: schemas.composeBody,
      response: { 200: schemas.composed, 404: schemas.errorResponse },
    }),
    async (request, reply) => {
      const ref = visitOf(request).ref;
      const user = toUser(request.body.username);
      const destination = resolvePath(request.body.destination, user);
      const sources = request.body.source_paths.map((path) => resolvePath(path, user));
      if (sources.includes(destination)) throw new SandboxError('invalid', 'The destination is one of the sources.');
      if (new Set(sources).size < sources.length) throw new SandboxError('invalid', 'A source is named twice.');
      const { signal } = toStream(reply);
      for (const path of sources) {
        const { type } = await tree.stat(ref, path, true, signal).catch((error: unknown) => {
          throw isSandboxError(error, 'not_found') ? missing(path) : error;
        });
        if (type !== 'file') throw new SandboxError('invalid', `path is not a file: ${path}`);
      }
      await files.join(ref, sources, destination, { signal });
      for (const path of sources) await tree.remove(ref, path, false, signal);
      return { path: destination, name: posix.basename(destination), type: 'file' as const };
    },
  );
};
