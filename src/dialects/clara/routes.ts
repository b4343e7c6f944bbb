import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Program } from '../../agent/run.ts';
import type { Config } from '../../config.ts';
import { disconnectSignal } from '../../http/disconnect.ts';
import { execute } from '../../sandboxes/executions.ts';
import type { Owner } from '../../sandboxes/owner.ts';
import type { SandboxService } from '../../sandboxes/service.ts';
import { renderProblem, toExecutionResponse, toOverrides, toOwner, toRequirements, toSandboxInfo } from './mapping.ts';
import * as schemas from './schemas.ts';

/** How long after its timeout a run's answer may leave: the bot's client gives up ten seconds after it. */
const ANSWER_MARGIN_MS = 9_500;

export interface ClaraOptions {
  readonly service: SandboxService;
  readonly config: Config;
}

const errors = {
  401: schemas.errorResponse,
  404: schemas.errorResponse,
  422: schemas.validationErrorResponse,
  503: schemas.errorResponse,
  507: schemas.errorResponse,
};

/** The native dialect: life and execution. */
export const claraRoutes: FastifyPluginAsyncZod<ClaraOptions> = async (app, { service, config }) => {
  const routeConfig = { renderProblem };
  const params = schemas.userParams;

  const run = async (
    owner: Owner,
    reply: FastifyReply,
    program: Program,
    what: 'Execution' | 'Command',
    timeoutSeconds: number,
    isKeptRunning = false,
    how: 'execute' | 'install' = 'execute',
  ) => {
    const answerByMs = performance.now() + timeoutSeconds * 1000 + ANSWER_MARGIN_MS;
    const signal = isKeptRunning ? undefined : disconnectSignal(reply);
    return await service[how](owner, async (connection, memory) => {
      const options = { timeoutSeconds, outputLimitBytes: config.outputLimitBytes, answerByMs, signal, memory };
      const execution = await execute(connection, program, options);
      return toExecutionResponse(execution, what, { timeoutSeconds, memoryBytes: memory.limitBytes });
    });
  };

  app.post(
    '/sandbox/:user_id/create',
    {
      config: routeConfig,
      schema: {
        operationId: 'createSandbox',
        summary: 'Create or start a sandbox',
        tags: ['sandbox'],
        params,
        body: schemas.createBody,
        response: { 200: schemas.sandboxInfo, ...errors, 409: schemas.errorResponse },
      },
    },
    async (request) =>
      toSandboxInfo(await service.create(toOwner(request.params.user_id, request.auth), toOverrides(request.body))),
  );

  app.get(
    '/sandbox/:user_id/status',
    {
      config: routeConfig,
      schema: {
        operationId: 'getSandbox',
        summary: 'A sandbox with its live memory and CPU',
        tags: ['sandbox'],
        params,
        response: { 200: schemas.sandboxInfo, ...errors },
      },
    },
    async (request) => toSandboxInfo(await service.status(toOwner(request.params.user_id, request.auth))),
  );

  app.post(
    '/sandbox/:user_id/stop',
    {
      config: routeConfig,
      schema: {
        operationId: 'stopSandbox',
        summary: 'Stop a sandbox; files and packages stay',
        tags: ['sandbox'],
        params,
        response: { 200: schemas.stopResponse, ...errors },
      },
    },
    async (request) => {
      const isStopped = await service.stop(toOwner(request.params.user_id, request.auth));
      return { status: isStopped ? ('stopped' as const) : ('not_found' as const) };
    },
  );

  app.post(
    '/sandbox/:user_id/restart',
    {
      config: routeConfig,
      schema: {
        operationId: 'restartSandbox',
        summary: 'Restart a sandbox, or create it',
        tags: ['sandbox'],
        params,
        response: { 200: schemas.sandboxInfo, ...errors },
      },
    },
    async (request) => toSandboxInfo(await service.restart(toOwner(request.params.user_id, request.auth))),
  );

  for (const [url, operationId] of [
    ['/sandbox/:user_id', 'deleteSandbox'],
    ['/sandbox/:user_id/destroy', 'destroySandbox'],
  ] as const) {
    app.delete(
      url,
      {
        config: routeConfig,
        schema: {
          operationId,
          summary: 'Delete a sandbox; its files stay for the next one',
          tags: ['sandbox'],
          params,
          response: { 200: schemas.deleteResponse, ...errors },
        },
      },
      async (request) => {
        const isDeleted = await service.remove(toOwner(request.params.user_id, request.auth));
        return { status: isDeleted ? ('deleted' as const) : ('not_found' as const), files_preserved: true as const };
      },
    );
  }

  app.post(
    '/sandbox/:user_id/execute',
    {
      config: routeConfig,
      schema: {
        operationId: 'executeCode',
        summary: 'Run Python',
        tags: ['execution'],
        params,
        body: schemas.executeBody,
        response: { 200: schemas.executionResponse, ...errors },
      },
    },
    async (request, reply) => {
      const { code, timeout, keep_running: isKeptRunning } = request.body;
      const owner = toOwner(request.params.user_id, request.auth);
      return await run(owner, reply, { kind: 'python', source: code }, 'Execution', timeout, isKeptRunning);
    },
  );

  app.post(
    '/sandbox/:user_id/shell',
    {
      config: routeConfig,
      schema: {
        operationId: 'runShell',
        summary: 'Run a shell command',
        tags: ['execution'],
        params,
        body: schemas.shellBody,
        response: { 200: schemas.executionResponse, ...errors },
      },
    },
    async (request, reply) => {
      const { command, timeout, keep_running: isKeptRunning } = request.body;
      const owner = toOwner(request.params.user_id, request.auth);
      return await run(owner, reply, { kind: 'shell', source: command }, 'Command', timeout, isKeptRunning);
    },
  );

  app.post(
    '/sandbox/:user_id/pip/install',
    {
      config: routeConfig,
      schema: {
        operationId: 'installPackage',
        summary: 'Install Python packages; they persist',
        tags: ['execution'],
        params,
        body: schemas.pipInstallBody,
        response: { 200: schemas.executionResponse, ...errors },
      },
    },
    async (request, reply) => {
      const requirements = toRequirements(request.body.package);
      const argv = ['python3', '-m', 'pip', 'install', '--user', '--no-input', '--', ...requirements];
      const owner = toOwner(request.params.user_id, request.auth);
      return await run(owner, reply, { kind: 'argv', argv }, 'Command', request.body.timeout, false, 'install');
    },
  );

  app.get(
    '/sandbox/:user_id/pip/list',
    {
      config: routeConfig,
      schema: {
        operationId: 'listPackages',
        summary: "pip's table of installed packages",
        tags: ['execution'],
        params,
        response: { 200: schemas.executionResponse, ...errors },
      },
    },
    async (request, reply) => {
      const argv = ['python3', '-m', 'pip', 'list'];
      return await run(toOwner(request.params.user_id, request.auth), reply, { kind: 'argv', argv }, 'Command', 50);
    },
  );
};
