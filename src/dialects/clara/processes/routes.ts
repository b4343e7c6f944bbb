import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { toAbsolutePath } from '../../../files/paths.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { scoped } from '../../../http/routing/scope.ts';
import { toAbout } from '../../../processes/kept-process.ts';
import type { Program } from '../../../processes/programs.ts';
import { type Core, refOf } from '../../dialect.ts';
import { toSignalNumber } from '../../signals.ts';
import { sandboxOperation } from '../operation.ts';
import { requireTimeout } from '../runs/streaming.ts';
import { eventRoutes } from './event-routes.ts';
import { inputRoutes } from './input-routes.ts';
import { toProcess } from './mapping.ts';
import * as schemas from './schemas.ts';
import { terminalRoutes } from './terminal-routes.ts';

/** What the routes of processes need. */
export interface ProcessRoutesOptions extends Core {
  /** The longest timeout of a stream or process, in seconds. */
  readonly maxTimeoutSeconds: number;
}

/** How long a wait takes where nothing is said, in seconds. */
const WAIT_SECONDS = 60;

/** The native dialect: programs that live beyond their request. */
export const processRoutes: FastifyPluginAsyncZod<ProcessRoutesOptions> = async (app, core) => {
  const { processes, maxTimeoutSeconds } = core;
  const answer = { 200: schemas.processInfo };
  const params = schemas.processParams;

  app.post(
    '/sandbox/:user_id/processes',
    sandboxOperation(
      'processes',
      'startProcess',
      'Start a program that lives beyond its request',
      { 201: schemas.processInfo },
      { body: schemas.startBody },
    ),
    async (request, reply) => {
      const timeoutSeconds = request.body.timeout ?? 0;
      requireTimeout(timeoutSeconds, 'sse', maxTimeoutSeconds);
      const { name = null, labels, cwd } = request.body;
      const program = toProgram(request.body);
      const tty = request.body.tty ?? undefined;
      const more = { name, labels: labels ?? {}, cwd: toAbsolutePath(cwd ?? '.') };
      const about = toAbout(program, more, tty !== undefined);
      const options = {
        about,
        timeoutSeconds,
        env: request.body.env ?? undefined,
        hasStdin: request.body.stdin ?? false,
        keepsAwake: request.body.keep_awake ?? false,
        tracksFiles: true,
        tty,
      };
      reply.code(201);
      return toProcess(await processes.start(refOf(request), program, options));
    },
  );

  app.get(
    '/sandbox/:user_id/processes',
    sandboxOperation(
      'processes',
      'listProcesses',
      'The processes that are kept, newest first',
      { 200: schemas.processList },
      { querystring: schemas.listQuery },
    ),
    async (request) => {
      const { state, label } = request.query;
      const [key = '', ...value] = (label ?? '').split('=');
      const found = (await processes.list(refOf(request))).map(toProcess);
      return {
        processes: found.filter(
          (process) =>
            (state === undefined || process.state === state) &&
            (label === undefined || process.labels[key] === value.join('=')),
        ),
      };
    },
  );

  app.get(
    '/sandbox/:user_id/processes/:id',
    sandboxOperation('processes', 'getProcess', 'One process', answer, { params, querystring: schemas.noQuery }),
    async (request) => toProcess(await processes.get(refOf(request), request.params.id)),
  );

  app.delete(
    '/sandbox/:user_id/processes/:id',
    sandboxOperation('processes', 'deleteProcess', 'Kill a process with all it has started, and forget it', answer, {
      params,
      querystring: schemas.noQuery,
    }),
    async (request) => toProcess(await processes.remove(refOf(request), request.params.id)),
  );

  // In an order in which a reader of the document may try them.
  await app.register(scoped('input', inputRoutes), core);

  app.post(
    '/sandbox/:user_id/processes/:id/signal',
    sandboxOperation(
      'processes',
      'signalProcess',
      'Send a signal',
      { 204: schemas.noContent },
      { params, body: schemas.signalBody },
    ),
    async (request, reply) => {
      const { signal, tree } = request.body;
      await processes.signal(refOf(request), request.params.id, toSignalNumber(signal) ?? 0, tree ?? false);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/sandbox/:user_id/processes/:id/wait',
    sandboxOperation('processes', 'waitForProcess', 'Wait until it has ended, or for so long', answer, {
      params,
      body: schemas.waitBody,
    }),
    async (request, reply) => {
      const seconds = request.body?.timeout ?? WAIT_SECONDS;
      return toProcess(await processes.wait(refOf(request), request.params.id, seconds, disconnectSignal(reply)));
    },
  );

  await terminalRoutes(app, core);
  await eventRoutes(app, core);
};

/** The program that a start names. */
function toProgram({ argv, code, command }: z.output<typeof schemas.startBody>): Program {
  if (argv) return { program: 'argv', argv };
  return code == null ? { program: 'shell', source: command ?? '' } : { program: 'python', source: code };
}
