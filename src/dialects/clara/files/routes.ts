import { posix } from 'node:path';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { removePath, writeFile } from '../../../agent/calls/files.ts';
import type { AgentConnection } from '../../../agent/wire/connection.ts';
import { AgentFailure } from '../../../agent/wire/failures.ts';
import { extractFile } from '../../../files/archives.ts';
import { readWholeFile, toAbsolutePath, toFilePath } from '../../../files/files.ts';
import { disconnectSignal } from '../../../http/disconnect.ts';
import { type Execution, execute } from '../../../processes/executions.ts';
import type { SandboxMemory } from '../../../sandboxes/metering/memory.ts';
import { namingEncoding } from '../encoding-errors.ts';
import { sandboxErrors } from '../error-schemas.ts';
import type { ClaraOptions } from '../executions/routes.ts';
import { toDone, toExecutionResponse, toFileContent, toOwner, toRefused } from '../mapping.ts';
import { operation } from '../operation.ts';
import * as requests from '../request-schemas.ts';
import * as responses from '../response-schemas.ts';

/** How long a file operation may take, in milliseconds: below the 60 s that clients wait. */
const FILE_DEADLINE_MS = 45_000;

/** How long unpacking and the listing after it may take, all waiting included, in milliseconds: below the 120 s that clients wait. */
const UNZIP_MS = 115_000;

/** What of that is left for the listing, in milliseconds. */
const UNZIP_LISTING_MS = 10_000;

const LISTING_TIMEOUT_SECONDS = 20;

/** How long the end of a listing that is late may take, in milliseconds. */
const LISTING_MARGIN_MS = 5_000;

/** The native dialect: files. */
export const claraFileRoutes: FastifyPluginAsyncZod<ClaraOptions> = async (app, { service, config }) => {
  const params = requests.userParams;

  const list = (
    connection: AgentConnection,
    path: string,
    signal: AbortSignal,
    memory: SandboxMemory,
    answerByMs = performance.now() + LISTING_TIMEOUT_SECONDS * 1000 + LISTING_MARGIN_MS,
  ): Promise<Execution> => {
    const leftSeconds = Math.round((answerByMs - performance.now() - LISTING_MARGIN_MS) / 1000);
    return execute(
      connection,
      { kind: 'argv', argv: ['ls', '-la', '--', path] },
      {
        timeoutSeconds: Math.min(LISTING_TIMEOUT_SECONDS, Math.max(1, leftSeconds)),
        outputLimitBytes: config.outputLimitBytes,
        answerByMs,
        signal,
        memory,
      },
    );
  };

  app.get(
    '/sandbox/:user_id/files',
    operation('files', 'listFiles', 'List a folder, as ls -la does', {
      params,
      querystring: requests.listQuery,
      response: { 200: responses.executionResponse, ...sandboxErrors },
    }),
    async (request, reply) => {
      const path = toAbsolutePath(request.query.path);
      return await service.use(toOwner(request.params.user_id, request.auth), async (connection, memory) => {
        const execution = await list(connection, path, disconnectSignal(reply), memory);
        return toExecutionResponse(execution, 'Command', {
          timeoutSeconds: LISTING_TIMEOUT_SECONDS,
          memoryBytes: memory.limitBytes,
        });
      });
    },
  );

  app.get(
    '/sandbox/:user_id/file',
    operation('files', 'readFile', 'Read a file', {
      params,
      querystring: requests.readQuery,
      response: { 200: responses.fileResponse, ...sandboxErrors },
    }),
    async (request, reply) => {
      const path = toAbsolutePath(request.query.path);
      const options = { deadlineMs: FILE_DEADLINE_MS, signal: disconnectSignal(reply) };
      const bytes = await service.use(toOwner(request.params.user_id, request.auth), (connection) =>
        readWholeFile(connection, path, config.bodyLimitBytes, options),
      );
      return { path: request.query.path, ...toFileContent(bytes), size: bytes.length };
    },
  );

  app.post(
    '/sandbox/:user_id/file',
    operation('files', 'writeFile', 'Write a file; its folders are made', {
      params,
      body: requests.writeBody,
      response: { 200: responses.executionResponse, ...sandboxErrors },
    }),
    async (request, reply) => {
      const startedAtMs = performance.now();
      const { path, content, encoding } = request.body;
      const target = toFilePath(path);
      const bytes = Buffer.from(content, encoding);
      const options = { deadlineMs: FILE_DEADLINE_MS, signal: disconnectSignal(reply), size: bytes.length };
      return await service.write(toOwner(request.params.user_id, request.auth), (connection) =>
        orRefused(startedAtMs, async () => {
          const written = await writeFile(connection, target, [bytes], options);
          return toDone(`Written ${written.bytes} bytes to ${path}`, startedAtMs);
        }),
      );
    },
  );

  app.delete(
    '/sandbox/:user_id/file',
    operation('files', 'deleteFile', 'Delete a file; one that is not there counts as deleted', {
      params,
      querystring: requests.fileQuery,
      response: { 200: responses.executionResponse, ...sandboxErrors },
    }),
    async (request, reply) => {
      const startedAtMs = performance.now();
      const { path } = request.query;
      const options = { deadlineMs: FILE_DEADLINE_MS, signal: disconnectSignal(reply) };
      return await service.use(toOwner(request.params.user_id, request.auth), (connection) =>
        orRefused(startedAtMs, async () => {
          await removePath(connection, toAbsolutePath(path), options);
          return toDone(`Deleted ${path}`, startedAtMs);
        }),
      );
    },
  );

  app.post(
    '/sandbox/:user_id/unzip',
    operation('files', 'unzipFile', 'Unpack a zip or tar archive', {
      params,
      body: requests.unzipBody,
      response: { 200: responses.executionResponse, ...sandboxErrors },
    }),
    async (request, reply) => {
      const startedAtMs = performance.now();
      const answerByMs = startedAtMs + UNZIP_MS;
      const path = toAbsolutePath(request.body.path);
      const destination = request.body.destination ? toAbsolutePath(request.body.destination) : posix.dirname(path);
      const how = { destination, encoding: request.body.encoding };
      const signal = disconnectSignal(reply);
      return await service.write(toOwner(request.params.user_id, request.auth), (connection, memory) =>
        orRefused(startedAtMs, async () => {
          const idleMs = answerByMs - UNZIP_LISTING_MS - performance.now();
          const isTooSlow = await namingEncoding('body', () =>
            isEnded(connection, extractFile(connection, path, how, { idleMs, signal })),
          );
          if (isTooSlow) return toRefused(tooSlow(idleMs), startedAtMs);
          const listing = await list(connection, destination, signal, memory, answerByMs);
          return toDone(`Extracted to ${destination}:\n${listing.stdout}`, startedAtMs);
        }),
      );
    },
  );
};

/** Whether work took so long that it was ended, as the agent lives to say. */
async function isEnded(connection: AgentConnection, work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (error instanceof AgentFailure && error.code === 'hung' && connection.isOpen) return true;
    throw error;
  }
}

const tooSlow = (afterMs: number) =>
  `Unpacking was ended after ${Math.round(afterMs / 1000)} seconds; what was unpacked until then stays. unzip or tar in a shell command may take longer.`;

/** What the sandbox itself refuses is a result; a full disk and a lost sandbox are errors of the request. */
async function orRefused(startedAtMs: number, work: () => Promise<ReturnType<typeof toDone>>) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AgentFailure) || ERRORS_OF_THE_REQUEST.has(error.code)) throw error;
    return toRefused(error.message, startedAtMs);
  }
}

const ERRORS_OF_THE_REQUEST: ReadonlySet<string> = new Set([
  'no_space',
  'internal',
  'lost',
  'hung',
  'cancelled',
  'limit',
]);
