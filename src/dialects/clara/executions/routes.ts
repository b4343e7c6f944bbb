import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { DEFAULT_CONTEXT } from '../../../contexts/context.ts';
import { toAbsolutePath } from '../../../files/paths.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { sendEvents } from '../../../http/streams/events.ts';
import type { StreamFormat } from '../../../http/streams/format.ts';
import { toOutcome } from '../../../processes/executions.ts';
import { toAbout, toCodeAbout } from '../../../processes/kept-process.ts';
import { toLanguage, toProgram } from '../../../processes/languages.ts';
import { type Program, pipInstall, pipList } from '../../../processes/programs.ts';
import { toRequirements } from '../../../processes/requirements.ts';
import { refOf } from '../../dialect.ts';
import { answerCell } from '../contexts/running.ts';
import { sandboxOperation } from '../operation.ts';
import { toStream } from '../processes/mapping.ts';
import { noting } from '../processes/noting.ts';
import type { ProcessRoutesOptions } from '../processes/routes.ts';
import { toExecutionResponse, toFileFields, toShownFields } from '../runs/mapping.ts';
import { executionResponse } from '../runs/schemas.ts';
import { requireContextLanguage, requireTimeout, toStreamFormat } from '../runs/streaming.ts';
import * as schemas from './schemas.ts';

/** How long after its timeout a run's answer may leave: the bot's client gives up ten seconds after it. */
const ANSWER_MARGIN_MS = 9_500;

/** How long the list of packages may take, in seconds: below the 60 s that clients wait. */
const PIP_LIST_SECONDS = 50;

interface RunRequest {
  readonly program: Program;
  /** What it runs in its language; absent for what is a command, which has no results. */
  readonly code?: string;
  readonly timeoutSeconds: number;
  /** True if it goes on although its caller has left. */
  readonly isKeptRunning?: boolean;
  readonly needsRoom?: boolean;
  /** True if the answer says which files of the workspace have changed. */
  readonly tracksFiles?: boolean;
  /** True if the body asks for a stream. */
  readonly isStreamed?: boolean;
}

interface ExecutionRoutesOptions extends ProcessRoutesOptions {
  /** True if an `execute` that names no context uses the default one. */
  readonly isExecuteStateful: boolean;
}

/** The native dialect: running code, commands and pip. */
export const executionRoutes: FastifyPluginAsyncZod<ExecutionRoutesOptions> = async (app, options) => {
  const { processes, maxTimeoutSeconds, isExecuteStateful } = options;
  const answers = { 200: executionResponse };

  const stream = async (request: FastifyRequest, reply: FastifyReply, wanted: RunRequest, format: StreamFormat) => {
    const { program, code, timeoutSeconds, isKeptRunning = false, needsRoom = false, tracksFiles } = wanted;
    const cwd = toAbsolutePath('.');
    const about =
      code === undefined ? toAbout(program, { name: null, labels: {}, cwd }) : toCodeAbout('code', code, cwd);
    const signal = disconnectSignal(reply);
    const how = { about, timeoutSeconds, needsRoom, tracksFiles, signal, keepsRunning: isKeptRunning };
    const events = noting(processes.stream(refOf(request), program, how), (event) => {
      if (event.type === 'exit') request.outcome = toOutcome(event.execution);
    });
    return await sendEvents(reply, format, toStream(events, timeoutSeconds));
  };

  const answer = async (request: FastifyRequest, reply: FastifyReply, wanted: RunRequest) => {
    const { program, code, timeoutSeconds, isKeptRunning = false, needsRoom = false, tracksFiles } = wanted;
    const answerByMs = performance.now() + timeoutSeconds * 1000 + ANSWER_MARGIN_MS;
    const signal = isKeptRunning ? undefined : disconnectSignal(reply);
    const options = { timeoutSeconds, answerByMs, signal, needsRoom, tracksFiles };
    const execution = await processes.run(refOf(request), program, options);
    request.outcome = toOutcome(execution);
    return {
      ...toExecutionResponse(execution, code === undefined ? 'Command' : 'Execution', timeoutSeconds),
      ...(code === undefined ? {} : toShownFields(execution)),
      ...(tracksFiles === undefined ? {} : toFileFields(execution)),
    };
  };

  const run = async (request: FastifyRequest, reply: FastifyReply, wanted: RunRequest) => {
    const format = toStreamFormat(request, wanted.isStreamed ?? false);
    requireTimeout(wanted.timeoutSeconds, format, maxTimeoutSeconds);
    return format === null ? await answer(request, reply, wanted) : await stream(request, reply, wanted, format);
  };

  app.post(
    '/sandbox/:user_id/execute',
    sandboxOperation('execution', 'executeCode', 'Run code', answers, { body: schemas.executeBody }),
    async (request, reply) => {
      const { code, timeout: timeoutSeconds, keep_running: isKeptRunning, stream } = request.body;
      const tracksFiles = request.body.track_files ?? true;
      const named = request.body.language ? toLanguage(request.body.language) : undefined;
      const language = named ?? 'python';
      const isDefault = isExecuteStateful && language === 'python';
      const context = request.body.context ?? (isDefault ? DEFAULT_CONTEXT : null);
      if (context !== null) {
        const how = {
          id: context,
          code,
          language: requireContextLanguage(named),
          timeoutSeconds,
          isKeptRunning,
          tracksFiles,
        };
        return await answerCell(request, reply, options, { ...how, isSilent: false, isStreamed: stream ?? false });
      }
      const program = toProgram(language, code);
      return await run(request, reply, {
        program,
        code,
        timeoutSeconds,
        isKeptRunning,
        tracksFiles,
        isStreamed: stream ?? false,
      });
    },
  );

  app.post(
    '/sandbox/:user_id/shell',
    sandboxOperation('execution', 'runShell', 'Run a shell command', answers, { body: schemas.shellBody }),
    async (request, reply) => {
      const { command, timeout: timeoutSeconds, keep_running: isKeptRunning, stream } = request.body;
      const tracksFiles = request.body.track_files ?? true;
      const program: Program = { program: 'shell', source: command };
      return await run(request, reply, {
        program,
        timeoutSeconds,
        isKeptRunning,
        tracksFiles,
        isStreamed: stream ?? false,
      });
    },
  );

  app.post(
    '/sandbox/:user_id/pip/install',
    sandboxOperation('execution', 'installPackage', 'Install Python packages; they persist', answers, {
      body: schemas.pipInstallBody,
    }),
    async (request, reply) => {
      const { package: text, timeout: timeoutSeconds, stream } = request.body;
      const program = pipInstall(toRequirements(text));
      return await run(request, reply, {
        program,
        timeoutSeconds,
        needsRoom: true,
        isStreamed: stream ?? false,
      });
    },
  );

  app.get(
    '/sandbox/:user_id/pip/list',
    sandboxOperation('execution', 'listPackages', "pip's table of installed packages", answers),
    async (request, reply) => await answer(request, reply, { program: pipList(), timeoutSeconds: PIP_LIST_SECONDS }),
  );
};
