import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { type ContextLanguage, toContextLanguage } from '../../../contexts/languages.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { HttpError } from '../../../http/errors/http-error.ts';
import { InvalidRequest } from '../../../http/validation/validation.ts';
import { toOutcome } from '../../../processes/executions.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import { toCodeResponse, toCommandResponse } from './mapping.ts';
import * as schemas from './schemas.ts';
import { toServiceLines } from './service-lines.ts';

/** Of a call that says nothing of it, in seconds. */
const USUAL_TIMEOUT = 300;

/** How long after its timeout a command's answer may leave, in milliseconds. */
const ANSWER_MARGIN_MS = 9_500;

interface ExecutionRoutesOptions extends Core {
  /** The longest timeout of a call, in seconds. */
  readonly maxTimeoutSeconds: number;
}

/** K2: code whose variables live on, and commands. */
export const executionRoutes: FastifyPluginAsyncZod<ExecutionRoutesOptions> = async (app, options) => {
  const { sandboxes, processes, languageContexts, maxTimeoutSeconds, clock } = options;

  const toTimeout = (asked: number | null | undefined): number => {
    const seconds = asked ?? Math.min(USUAL_TIMEOUT, maxTimeoutSeconds);
    if (seconds <= maxTimeoutSeconds) return seconds;
    const msg = `must be ${maxTimeoutSeconds} or less`;
    throw new InvalidRequest([{ loc: ['body', 'timeout'], msg, type: 'too_big' }]);
  };

  const toLanguage = (asked: string | null | undefined): ContextLanguage => {
    const language = toContextLanguage(asked ?? 'python');
    if (language === undefined) throw new HttpError(400, `Unsupported language: ${asked}`);
    return language;
  };

  app.post(
    '/sandboxes/:sandbox_id/code',
    sandboxOperation('execution', 'runCode', 'Run code; its variables live on', {
      body: schemas.codeBody,
      response: { 200: schemas.codeResponse },
    }),
    async (request, reply) => {
      const { code, cwd, envs } = request.body;
      const ref = refOf(request);
      await sandboxes.get(ref);
      const language = toLanguage(request.body.language);
      const timeoutSeconds = toTimeout(request.body.timeout);
      const fromMs = clock.wallMs();
      const cell = { code, timeoutSeconds, isSilent: false, signal: disconnectSignal(reply) };
      const scope = { cwd: cwd ?? null, env: envs ?? {} };
      const done = await languageContexts.execute(ref, language, cell, scope);
      request.outcome = toOutcome(done.execution);
      const toMs = clock.wallMs();
      return toCodeResponse(done, language, timeoutSeconds, { fromMs, toMs });
    },
  );

  app.post(
    '/sandboxes/:sandbox_id/services/49999/execute',
    sandboxOperation('execution', 'runCodeByService', "Run code, as the interpreter's own service does", {
      body: schemas.serviceBody,
      response: { 200: schemas.serviceResponse },
    }),
    async (request, reply) => {
      const { code, env_vars } = request.body;
      const ref = refOf(request);
      await sandboxes.get(ref);
      const language = toLanguage(request.body.language);
      const timeoutSeconds = toTimeout(null);
      const cell = { code, timeoutSeconds, isSilent: false, signal: disconnectSignal(reply) };
      const done = await languageContexts.execute(ref, language, cell, { cwd: null, env: env_vars ?? {} });
      request.outcome = toOutcome(done.execution);
      const endedAtMs = clock.wallMs();
      return await sendLines(reply, toServiceLines(done, language, timeoutSeconds, endedAtMs));
    },
  );

  app.post(
    '/sandboxes/:sandbox_id/command',
    sandboxOperation('execution', 'runCommand', 'Run a shell command', {
      body: schemas.commandBody,
      response: { 200: schemas.commandResponse },
    }),
    async (request, reply) => {
      const { command, cwd, envs } = request.body;
      const timeoutSeconds = toTimeout(request.body.timeout);
      const execution = await processes.run(
        refOf(request),
        { program: 'shell', source: command },
        {
          timeoutSeconds,
          answerByMs: performance.now() + timeoutSeconds * 1000 + ANSWER_MARGIN_MS,
          cwd: cwd ?? undefined,
          env: envs ?? undefined,
          signal: disconnectSignal(reply),
        },
      );
      request.outcome = toOutcome(execution);
      return toCommandResponse(execution);
    },
  );
};

async function sendLines(reply: FastifyReply, lines: Iterable<string>): Promise<FastifyReply> {
  return await reply.type('application/x-ndjson; charset=utf-8').send(Readable.from(lines));
}
