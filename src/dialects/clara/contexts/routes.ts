import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { toContextLanguage } from '../../../contexts/languages.ts';
import { toAbsolutePath } from '../../../files/paths.ts';
import { refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import type { ProcessRoutesOptions } from '../processes/routes.ts';
import { noContent, noQuery } from '../processes/schemas.ts';
import { noBody } from '../sandboxes/state-schemas.ts';
import { toContextInfo } from './mapping.ts';
import { answerCell } from './running.ts';
import * as schemas from './schemas.ts';

/** The native dialect: interpreters whose variables live on between calls. */
export const contextRoutes: FastifyPluginAsyncZod<ProcessRoutesOptions> = async (app, core) => {
  const { contexts } = core;
  const answer = { 200: schemas.contextInfo };
  const params = schemas.contextParams;
  const querystring = noQuery;

  app.post(
    '/sandbox/:user_id/contexts',
    sandboxOperation(
      'contexts',
      'createContext',
      'Make a context, or find the one of this id',
      { ...answer, 201: schemas.contextInfo },
      { body: schemas.createBody, querystring },
    ),
    async (request, reply) => {
      const { id, language, cwd, env, name } = request.body ?? {};
      const { isMade, context } = await contexts.make(refOf(request), {
        id: id ?? null,
        language: toContextLanguage(language ?? 'python') ?? 'python',
        cwd: toAbsolutePath(cwd ?? '.'),
        name: name ?? null,
        env: env ?? undefined,
      });
      reply.code(isMade ? 201 : 200);
      return toContextInfo(context);
    },
  );

  app.get(
    '/sandbox/:user_id/contexts',
    sandboxOperation(
      'contexts',
      'listContexts',
      'The contexts of a sandbox',
      { 200: schemas.contextList },
      { querystring },
    ),
    async (request) => ({ contexts: (await contexts.list(refOf(request))).map(toContextInfo) }),
  );

  app.get(
    '/sandbox/:user_id/contexts/:id',
    sandboxOperation('contexts', 'getContext', 'One context', answer, { params, querystring }),
    async (request) => toContextInfo(await contexts.get(refOf(request), request.params.id)),
  );

  app.post(
    '/sandbox/:user_id/contexts/:id/execute',
    sandboxOperation(
      'contexts',
      'executeInContext',
      'Run code in a context',
      { 200: schemas.cellResponse },
      { params: schemas.cellParams, body: schemas.cellBody, querystring },
    ),
    async (request, reply) => {
      const { code, timeout: timeoutSeconds, silent, track_files: tracksFiles, stream } = request.body;
      return await answerCell(request, reply, core, {
        id: request.params.id,
        code,
        timeoutSeconds,
        isSilent: silent ?? false,
        tracksFiles: tracksFiles ?? true,
        isKeptRunning: false,
        isStreamed: stream ?? false,
      });
    },
  );

  app.post(
    '/sandbox/:user_id/contexts/:id/interrupt',
    sandboxOperation(
      'contexts',
      'interruptContext',
      'Interrupt the code that runs; the variables stay',
      { 204: noContent },
      { params, body: noBody, querystring },
    ),
    async (request, reply) => {
      await contexts.interrupt(refOf(request), request.params.id);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/sandbox/:user_id/contexts/:id/restart',
    sandboxOperation('contexts', 'restartContext', 'Give a context a fresh interpreter', answer, {
      params,
      body: noBody,
      querystring,
    }),
    async (request) => toContextInfo(await contexts.restart(refOf(request), request.params.id)),
  );

  app.delete(
    '/sandbox/:user_id/contexts/:id',
    sandboxOperation(
      'contexts',
      'deleteContext',
      'End a context and forget it',
      { 204: noContent },
      { params, querystring },
    ),
    async (request, reply) => {
      await contexts.remove(refOf(request), request.params.id);
      return reply.code(204).send(null);
    },
  );
};
