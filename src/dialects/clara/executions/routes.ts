import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { disconnectSignal } from '../../../http/disconnect.ts';
import { toOutcome } from '../../../processes/executions.ts';
import { type Program, pipInstall, pipList } from '../../../processes/programs.ts';
import { toRequirements } from '../../../processes/requirements.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import { toExecutionResponse } from './mapping.ts';
import * as schemas from './schemas.ts';

/** How long after its timeout a run's answer may leave: the bot's client gives up ten seconds after it. */
const ANSWER_MARGIN_MS = 9_500;

/** How long the list of packages may take, in seconds: below the 60 s that clients wait. */
const PIP_LIST_SECONDS = 50;

interface RunRequest {
  readonly program: Program;
  /** What the sentence about a timeout calls it. */
  readonly what: 'Execution' | 'Command';
  readonly timeoutSeconds: number;
  /** True if it goes on although its caller has left. */
  readonly isKeptRunning?: boolean;
  readonly needsRoom?: boolean;
}

/** The native dialect: running code, commands and pip. */
export const executionRoutes: FastifyPluginAsyncZod<Core> = async (app, { processes }) => {
  const answers = { 200: schemas.executionResponse };

  const run = async (request: FastifyRequest, reply: FastifyReply, wanted: RunRequest) => {
    const { program, what, timeoutSeconds, isKeptRunning = false, needsRoom = false } = wanted;
    const answerByMs = performance.now() + timeoutSeconds * 1000 + ANSWER_MARGIN_MS;
    const signal = isKeptRunning ? undefined : disconnectSignal(reply);
    const options = { timeoutSeconds, answerByMs, signal, needsRoom };
    const execution = await processes.run(refOf(request), program, options);
    request.outcome = toOutcome(execution);
    return toExecutionResponse(execution, what, timeoutSeconds);
  };

  app.post(
    '/sandbox/:user_id/execute',
    sandboxOperation('execution', 'executeCode', 'Run Python', answers, { body: schemas.executeBody }),
    async (request, reply) => {
      const { code, timeout: timeoutSeconds, keep_running: isKeptRunning } = request.body;
      const program: Program = { kind: 'python', source: code };
      return await run(request, reply, { program, what: 'Execution', timeoutSeconds, isKeptRunning });
    },
  );

  app.post(
    '/sandbox/:user_id/shell',
    sandboxOperation('execution', 'runShell', 'Run a shell command', answers, { body: schemas.shellBody }),
    async (request, reply) => {
      const { command, timeout: timeoutSeconds, keep_running: isKeptRunning } = request.body;
      const program: Program = { kind: 'shell', source: command };
      return await run(request, reply, { program, what: 'Command', timeoutSeconds, isKeptRunning });
    },
  );

  app.post(
    '/sandbox/:user_id/pip/install',
    sandboxOperation('execution', 'installPackage', 'Install Python packages; they persist', answers, {
      body: schemas.pipInstallBody,
    }),
    async (request, reply) => {
      const { package: text, timeout: timeoutSeconds } = request.body;
      const program = pipInstall(toRequirements(text));
      return await run(request, reply, { program, what: 'Command', timeoutSeconds, needsRoom: true });
    },
  );

  app.get(
    '/sandbox/:user_id/pip/list',
    sandboxOperation('execution', 'listPackages', "pip's table of installed packages", answers),
    async (request, reply) =>
      await run(request, reply, { program: pipList(), what: 'Command', timeoutSeconds: PIP_LIST_SECONDS }),
  );
};
