import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Program } from '../../../agent/calls/run.ts';
import type { Config } from '../../../config/config.ts';
import { disconnectSignal } from '../../../http/disconnect.ts';
import { execute } from '../../../processes/executions.ts';
import { toRequirements } from '../../../processes/requirements.ts';
import type { Owner } from '../../../sandboxes/address.ts';
import type { SandboxService } from '../../../sandboxes/sandboxes.ts';
import { sandboxErrors } from '../error-schemas.ts';
import { toExecutionResponse, toOverrides, toOwner, toSandboxInfo } from '../mapping.ts';
import { operation } from '../operation.ts';
import * as requests from '../request-schemas.ts';
import * as responses from '../response-schemas.ts';

/** How long after its timeout a run's answer may leave: the bot's client gives up ten seconds after it. */
const ANSWER_MARGIN_MS = 9_500;

export interface ClaraOptions {
  readonly service: SandboxService;
  readonly config: Config;
}

/** The native dialect: life and execution. */
export const claraRoutes: FastifyPluginAsyncZod<ClaraOptions> = async (app, { service, config }) => {
  const params = requests.userParams;

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
    return await service[how](owner, async (connection, memory, runsOn) => {
      const options = { timeoutSeconds, outputLimitBytes: config.outputLimitBytes, answerByMs, signal, memory, runsOn };
      const execution = await execute(connection, program, options);
      return toExecutionResponse(execution, what, { timeoutSeconds, memoryBytes: memory.limitBytes });
    });
  };

  app.post(
    '/sandbox/:user_id/create',
    operation('sandbox', 'createSandbox', 'Create or start a sandbox', {
      params,
      body: requests.createBody,
      response: { 200: responses.sandboxInfo, ...sandboxErrors },
    }),
    async (request) =>
      toSandboxInfo(await service.create(toOwner(request.params.user_id, request.auth), toOverrides(request.body))),
  );

  app.get(
    '/sandbox/:user_id/status',
    operation('sandbox', 'getSandbox', 'A sandbox with its live memory and CPU', {
      params,
      response: { 200: responses.sandboxInfo, ...sandboxErrors },
    }),
    async (request) => toSandboxInfo(await service.status(toOwner(request.params.user_id, request.auth))),
  );

  app.post(
    '/sandbox/:user_id/stop',
    operation('sandbox', 'stopSandbox', 'Stop a sandbox; files and packages stay', {
      params,
      response: { 200: responses.stopResponse, ...sandboxErrors },
    }),
    async (request) => {
      const isStopped = await service.stop(toOwner(request.params.user_id, request.auth));
      return { status: isStopped ? ('stopped' as const) : ('not_found' as const) };
    },
  );

  app.post(
    '/sandbox/:user_id/restart',
    operation('sandbox', 'restartSandbox', 'Restart a sandbox, or create it', {
      params,
      response: { 200: responses.sandboxInfo, ...sandboxErrors },
    }),
    async (request) => toSandboxInfo(await service.restart(toOwner(request.params.user_id, request.auth))),
  );

  for (const [url, operationId] of [
    ['/sandbox/:user_id', 'deleteSandbox'],
    ['/sandbox/:user_id/destroy', 'destroySandbox'],
  ] as const) {
    app.delete(
      url,
      operation('sandbox', operationId, 'Delete a sandbox; its files stay for the next one', {
        params,
        response: { 200: responses.deleteResponse, ...sandboxErrors },
      }),
      async (request) => {
        const isDeleted = await service.remove(toOwner(request.params.user_id, request.auth));
        return { status: isDeleted ? ('deleted' as const) : ('not_found' as const), files_preserved: true as const };
      },
    );
  }

  app.post(
    '/sandbox/:user_id/execute',
    operation('execution', 'executeCode', 'Run Python', {
      params,
      body: requests.executeBody,
      response: { 200: responses.executionResponse, ...sandboxErrors },
    }),
    async (request, reply) => {
      const { code, timeout, keep_running: isKeptRunning } = request.body;
      const owner = toOwner(request.params.user_id, request.auth);
      return await run(owner, reply, { kind: 'python', source: code }, 'Execution', timeout, isKeptRunning);
    },
  );

  app.post(
    '/sandbox/:user_id/shell',
    operation('execution', 'runShell', 'Run a shell command', {
      params,
      body: requests.shellBody,
      response: { 200: responses.executionResponse, ...sandboxErrors },
    }),
    async (request, reply) => {
      const { command, timeout, keep_running: isKeptRunning } = request.body;
      const owner = toOwner(request.params.user_id, request.auth);
      return await run(owner, reply, { kind: 'shell', source: command }, 'Command', timeout, isKeptRunning);
    },
  );

  app.post(
    '/sandbox/:user_id/pip/install',
    operation('execution', 'installPackage', 'Install Python packages; they persist', {
      params,
      body: requests.pipInstallBody,
      response: { 200: responses.executionResponse, ...sandboxErrors },
    }),
    async (request, reply) => {
      const requirements = toRequirements(request.body.package);
      const argv = ['python3', '-m', 'pip', 'install', '--user', '--no-input', '--', ...requirements];
      const owner = toOwner(request.params.user_id, request.auth);
      return await run(owner, reply, { kind: 'argv', argv }, 'Command', request.body.timeout, false, 'install');
    },
  );

  app.get(
    '/sandbox/:user_id/pip/list',
    operation('execution', 'listPackages', "pip's table of installed packages", {
      params,
      response: { 200: responses.executionResponse, ...sandboxErrors },
    }),
    async (request, reply) => {
      const argv = ['python3', '-m', 'pip', 'list'];
      return await run(toOwner(request.params.user_id, request.auth), reply, { kind: 'argv', argv }, 'Command', 50);
    },
  );
};
