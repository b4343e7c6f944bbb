import { posix } from 'node:path';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { toFileContent } from '../../../files/content.ts';
import { toAbsolutePath, toFilePath } from '../../../files/paths.ts';
import { isRefusal } from '../../../files/refusals.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import type { Execution } from '../../../processes/executions.ts';
import { listFolder } from '../../../processes/programs.ts';
import type { SandboxRef } from '../../../sandboxes/asked/ref.ts';
import { type Core, refOf } from '../../dialect.ts';
import { namingEncoding } from '../encoding-errors.ts';
import { sandboxOperation } from '../operation.ts';
import { toExecutionResponse } from '../runs/mapping.ts';
import { executionResponse } from '../runs/schemas.ts';
import { toDone, toRefused } from './mapping.ts';
import * as schemas from './schemas.ts';

/** How long a file operation may take, in milliseconds: below the 60 s that clients wait. */
const FILE_DEADLINE_MS = 45_000;

/** How long unpacking and the listing after it may take, all waiting included, in milliseconds: below the 120 s that clients wait. */
const UNZIP_MS = 115_000;

/** What of that is left for the listing, in milliseconds. */
const UNZIP_LISTING_MS = 10_000;

const LISTING_TIMEOUT_SECONDS = 20;

/** How long the end of a listing that is late may take, in milliseconds. */
const LISTING_MARGIN_MS = 5_000;

/** What the routes of files need. */
export interface FileRoutesOptions extends Core {
  /** Largest file that is answered as JSON, in bytes. */
  readonly jsonLimitBytes: number;
}

/** The native dialect: files as JSON. */
export const fileRoutes: FastifyPluginAsyncZod<FileRoutesOptions> = async (app, core) => {
  const { files, processes, jsonLimitBytes } = core;
  const outcome = { 200: executionResponse };
  const toCall = (reply: FastifyReply) => ({ deadlineMs: FILE_DEADLINE_MS, signal: disconnectSignal(reply) });

  const list = (
    ref: SandboxRef,
    path: string,
    signal: AbortSignal,
    answerByMs = performance.now() + LISTING_TIMEOUT_SECONDS * 1000 + LISTING_MARGIN_MS,
  ): Promise<Execution> => {
    const leftSeconds = Math.round((answerByMs - performance.now() - LISTING_MARGIN_MS) / 1000);
    const timeoutSeconds = Math.min(LISTING_TIMEOUT_SECONDS, Math.max(1, leftSeconds));
    return processes.run(ref, listFolder(path), { timeoutSeconds, answerByMs, signal, lease: 'file' });
  };

  app.get(
    '/sandbox/:user_id/files',
    sandboxOperation('files', 'listFiles', 'List a folder, as ls -la does', outcome, {
      querystring: schemas.listQuery,
    }),
    async (request, reply) => {
      const execution = await list(refOf(request), toAbsolutePath(request.query.path), disconnectSignal(reply));
      return toExecutionResponse(execution, 'Command', LISTING_TIMEOUT_SECONDS);
    },
  );

  app.get(
    '/sandbox/:user_id/file',
    sandboxOperation(
      'files',
      'readFile',
      'Read a file',
      { 200: schemas.fileResponse },
      { querystring: schemas.readQuery },
    ),
    async (request, reply) => {
      const { path } = request.query;
      const bytes = await files.read(refOf(request), toAbsolutePath(path), jsonLimitBytes, toCall(reply));
      return { path, ...toFileContent(bytes), size: bytes.length };
    },
  );

  app.post(
    '/sandbox/:user_id/file',
    sandboxOperation('files', 'writeFile', 'Write a file; its folders are made', outcome, { body: schemas.writeBody }),
    async (request, reply) => {
      const { path, content, encoding } = request.body;
      const target = toFilePath(path);
      const bytes = Buffer.from(content, encoding);
      return await toOutcome(async () => {
        const written = await files.write(refOf(request), target, bytes, toCall(reply));
        return `Written ${written.bytes} bytes to ${path}`;
      });
    },
  );

  app.delete(
    '/sandbox/:user_id/file',
    sandboxOperation('files', 'deleteFile', 'Delete a file; one that is not there counts as deleted', outcome, {
      querystring: schemas.fileQuery,
    }),
    async (request, reply) => {
      const { path } = request.query;
      return await toOutcome(async () => {
        await files.remove(refOf(request), toAbsolutePath(path), toCall(reply));
        return `Deleted ${path}`;
      });
    },
  );

  app.post(
    '/sandbox/:user_id/unzip',
    sandboxOperation('files', 'unzipFile', 'Unpack a zip or tar archive', outcome, { body: schemas.unzipBody }),
    async (request, reply) => {
      const answerByMs = performance.now() + UNZIP_MS;
      const { encoding } = request.body;
      const path = toAbsolutePath(request.body.path);
      const destination = request.body.destination ? toAbsolutePath(request.body.destination) : posix.dirname(path);
      const signal = disconnectSignal(reply);
      const ref = refOf(request);
      return await toOutcome(async () => {
        const options = { endByMs: answerByMs - UNZIP_LISTING_MS, encoding, signal };
        await namingEncoding('body', () => files.extract(ref, path, destination, options));
        const listing = await list(ref, destination, signal, answerByMs);
        return `Extracted to ${destination}:\n${listing.stdout}`;
      });
    },
  );
};

/** ExecutionResponse of work on files: what the sandbox itself refuses is a result, all else an error of the request. */
async function toOutcome(work: () => Promise<string>) {
  const startedAtMs = performance.now();
  try {
    return toDone(await work(), startedAtMs);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return toRefused(error.message, startedAtMs);
  }
}
