import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { SandboxRef } from '../../../sandboxes/asked/ref.ts';
import type { SettingsChange } from '../../../sandboxes/changes/settings-change.ts';
import { type Core, refOf } from '../../dialect.ts';
import { toArgv, toMainProgram } from '../main-program.ts';
import { readNotes } from '../notes.ts';
import { sandboxOperation } from '../operation.ts';
import * as schemas from './schemas.ts';

/** The manager: what a sandbox runs with. */
export const configurationRoutes: FastifyPluginAsyncZod<Core> = async (app, options) => {
  const { sandboxes, settings, mains } = options;

  /** What a running main process does not see without a new start; files and id stay. */
  const recreate = async (ref: SandboxRef, change: SettingsChange) => {
    const { status } = await settings.update(ref, { settings: change, spec: {}, mayRestart: true });
    if (status.state === 'running' || status.state === 'paused') {
      const { id } = await sandboxes.restart(ref);
      await mains.whenStarted(id);
    }
    return status;
  };

  app.get(
    '/sandboxes/:sandbox_id/env',
    sandboxOperation('configuration', 'getEnvironment', 'The environment of a sandbox', {
      response: { 200: schemas.environmentAnswer },
    }),
    async (request) => ({ environment: { ...(await sandboxes.get(refOf(request))).env } }),
  );

  app.post(
    '/sandboxes/:sandbox_id/env',
    sandboxOperation('configuration', 'setEnvironment', 'Set variables; the sandbox is recreated with its files', {
      body: schemas.environmentBody,
      response: { 200: schemas.environmentUpdated },
    }),
    async (request) => {
      const ref = refOf(request);
      const { environment, merge } = request.body;
      const before = (await sandboxes.get(ref)).env;
      const gone = merge === false ? Object.fromEntries(Object.keys(before).map((name) => [name, null])) : {};
      const { env } = await recreate(ref, { env: { ...gone, ...environment } });
      return { status: 'updated' as const, environment: { ...env } };
    },
  );

  app.get(
    '/sandboxes/:sandbox_id/entrypoint',
    sandboxOperation('configuration', 'getEntrypoint', 'The main process of a sandbox', {
      response: { 200: schemas.entrypointAnswer },
    }),
    async (request) => {
      const { entrypoint, command } = readNotes((await sandboxes.get(refOf(request))).notes);
      return { entrypoint: entrypoint?.words ?? null, command: command?.words ?? null };
    },
  );

  app.post(
    '/sandboxes/:sandbox_id/entrypoint',
    sandboxOperation('configuration', 'setEntrypoint', 'Set the main process; what is absent stays', {
      body: schemas.entrypointBody,
      response: { 200: schemas.entrypointUpdated },
    }),
    async (request) => {
      const ref = refOf(request);
      const notes = readNotes((await sandboxes.get(ref)).notes);
      const asked = toMainProgram({
        entrypoint: request.body?.entrypoint ?? notes.entrypoint?.words,
        command: request.body?.command,
      });
      const entrypoint = request.body?.entrypoint == null ? notes.entrypoint : asked.entrypoint;
      const command = request.body?.command == null ? notes.command : asked.command;
      const argv = toArgv({ entrypoint, command });
      const main = argv.length === 0 ? null : { argv, maxRetries: notes.resources.max_retries ?? 0 };
      await recreate(ref, { main, notes: { ...notes, entrypoint, command } });
      return {
        status: 'updated' as const,
        entrypoint: entrypoint?.words ?? null,
        command: command?.words ?? null,
      };
    },
  );

  app.post(
    '/sandboxes/:sandbox_id/timeout',
    sandboxOperation('configuration', 'setTimeout', 'Set how long a sandbox runs from its start', {
      body: schemas.timeoutBody,
      response: { 200: schemas.timeoutUpdated },
    }),
    async (request) => {
      const { timeout } = request.body;
      const ref = refOf(request);
      const notes = readNotes((await sandboxes.get(ref)).notes);
      const { timeout: _before, ...resources } = notes.resources;
      const change = {
        endUpSeconds: timeout,
        notes: { ...notes, resources: { ...resources, ...(timeout > 0 ? { timeout } : {}) } },
      };
      await settings.update(ref, { settings: change, spec: {}, mayRestart: false });
      return { status: 'updated' as const, timeout };
    },
  );
};
