import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { toFileContent } from '../../../files/content.ts';
import { toAbsolutePath, toFilePath } from '../../../files/paths.ts';
import { listFolder, removeAll } from '../../../files/whole-folder.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { HttpError } from '../../../http/errors/http-error.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import { toFile } from './mapping.ts';
import * as schemas from './schemas.ts';

/** How long reading or writing a file may take, in milliseconds: below the 60 s that clients wait. */
const FILE_DEADLINE_MS = 45_000;

interface FileRoutesOptions extends Core {
  /** Largest file that is answered as JSON, in bytes. */
  readonly jsonLimitBytes: number;
}

/** K2: files, by actions. */
export const fileRoutes: FastifyPluginAsyncZod<FileRoutesOptions> = async (app, core) => {
  const { sandboxes, files, tree, jsonLimitBytes } = core;
  const nothing = { files: null, content: null, message: null };

  app.post(
    '/sandboxes/:sandbox_id/filesystem',
    sandboxOperation('filesystem', 'actOnFiles', 'List, read, write or delete files', {
      body: schemas.filesystemBody,
      response: { 200: schemas.filesystemResponse },
    }),
    async (request, reply) => {
      const { action, path, content, encoding } = request.body;
      const ref = refOf(request);
      const signal = disconnectSignal(reply);
      const options = { signal, deadlineMs: FILE_DEADLINE_MS };
      const { cwd } = await sandboxes.get(ref);
      switch (action) {
        case 'list': {
          const entries = await listFolder(tree, ref, toAbsolutePath(path || '.', cwd), signal);
          return { ...nothing, files: entries.map(toFile) };
        }
        case 'read': {
          if (!path) throw new HttpError(400, 'Path is required');
          const bytes = await files.read(ref, toAbsolutePath(path, cwd), jsonLimitBytes, options);
          return { ...nothing, ...toFileContent(bytes) };
        }
        case 'write': {
          if (!path || content == null) throw new HttpError(400, 'Path and content are required');
          await files.write(ref, toFilePath(path, cwd), Buffer.from(content, encoding ?? 'utf-8'), options);
          return { ...nothing, message: 'File written successfully' };
        }
        case 'delete': {
          if (!path) throw new HttpError(400, 'Path is required');
          await removeAll(tree, ref, toAbsolutePath(path, cwd), signal);
          return { ...nothing, message: 'File deleted successfully' };
        }
        default:
          throw new HttpError(400, `Unsupported action: ${action}`);
      }
    },
  );
};
