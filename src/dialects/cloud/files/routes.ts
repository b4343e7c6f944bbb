import { posix } from 'node:path';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { FileEntry } from '../../../files/file-tree.ts';
import { toAbsolutePath, toFilePath } from '../../../files/paths.ts';
import { listFolder, removeAll } from '../../../files/whole-folder.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { HttpError } from '../../../http/errors/http-error.ts';
import type { SandboxRef } from '../../../sandboxes/asked/ref.ts';
import type { Loans } from '../../../sessions/loans.ts';
import type { Core } from '../../dialect.ts';
import { sendFile } from '../../file-download.ts';
import { toFileTime } from '../../file-time.ts';
import { errorResponse } from '../errors.ts';
import { operation, SUCCESS, success, toRef } from '../operation.ts';
import * as schemas from './schemas.ts';

/** How long writing a file may take, in milliseconds. */
const WRITE_DEADLINE_MS = 280_000;

interface FileRoutesOptions extends Core {
  readonly loans: Loans;
}

/** Cloud: files. */
export const fileRoutes: FastifyPluginAsyncZod<FileRoutesOptions> = async (app, core) => {
  const { sandboxes, files, tree, loans } = core;
  const use = async (ref: SandboxRef): Promise<SandboxRef> => {
    await sandboxes.get(ref);
    loans.noteUse(ref);
    return ref;
  };

  app.get(
    '/api/v1/files',
    operation('files', 'listFiles', 'What is in a folder', {
      querystring: schemas.fileQuery,
      response: { 200: schemas.fileList },
    }),
    async (request, reply) => {
      const { sandbox_id: id, path } = request.query;
      const ref = await use(toRef(request, id));
      const entries = await listFolder(tree, ref, toAbsolutePath(path || '.'), disconnectSignal(reply));
      return { files: entries.map(toFile) };
    },
  );

  app.get(
    '/api/v1/files/content',
    operation('files', 'readFile', 'The bytes of a file, or a range of them', {
      querystring: schemas.fileQuery,
      response: { 200: schemas.bytes, 412: errorResponse, 416: errorResponse },
    }),
    async (request, reply) => {
      const { sandbox_id: id } = request.query;
      const path = toAbsolutePath(requirePath(request.query.path));
      const ref = await use(toRef(request, id));
      await sendFile(core, ref, path, { request, reply }, (_status, message) => ({ error: message, message }));
      return reply;
    },
  );

  app.put(
    '/api/v1/files',
    operation('files', 'writeFile', 'Write a file; missing folders are made', {
      body: schemas.writeBody,
      response: { 200: success },
    }),
    async (request, reply) => {
      const { sandbox_id: id, path, content, encoding } = request.body ?? {};
      const wanted = toRef(request, id);
      const target = toFilePath(requirePath(path));
      const bytes = Buffer.from(content ?? '', encoding ?? 'utf-8');
      const options = { signal: disconnectSignal(reply), deadlineMs: WRITE_DEADLINE_MS };
      await files.write(await use(wanted), target, bytes, options);
      return SUCCESS;
    },
  );

  app.delete(
    '/api/v1/files',
    operation('files', 'deleteFile', 'Remove a file, or a folder with all in it', {
      querystring: schemas.fileQuery,
      response: { 200: success },
    }),
    async (request, reply) => {
      const wanted = toRef(request, request.query.sandbox_id);
      const path = toAbsolutePath(requirePath(request.query.path));
      await removeAll(tree, await use(wanted), path, disconnectSignal(reply));
      return SUCCESS;
    },
  );
};

function requirePath(path: string | null | undefined): string {
  if (!path) throw new HttpError(400, 'path is required');
  return path;
}

/** A file of this dialect; bytes of its name that are no UTF-8 are shown as U+FFFD. */
function toFile({ path, type, size, mtimeNs }: FileEntry) {
  const shown = path.toWellFormed();
  return {
    name: posix.basename(shown),
    path: shown,
    size,
    is_dir: type === 'directory',
    mod_time: toFileTime(mtimeNs),
  };
}
