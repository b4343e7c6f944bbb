import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { SandboxRef } from '../../../sandboxes/asked/ref.ts';
import type { SettingsChange } from '../../../sandboxes/changes/settings-change.ts';
import type { Present } from '../../../sandboxes/settings.ts';
import { type Core, refOf } from '../../dialect.ts';
import { toArgv, toMainProgram } from '../main-program.ts';
import { readNotes } from '../notes.ts';
import { sandboxOperation } from '../operation.ts';
import * as schemas from './schemas.ts';

/** The manager: what a sandbox runs with. */
export const configurationRoutes: FastifyPluginAsyncZod<Core> = async (app, options) => {
  const { sandboxes, settings, mains } = options;

  /** What a running main process does not see without a new start; files and id stay. */
  const recreate = async (ref: SandboxRef, toChange: (present: Present) => SettingsChange) => {
    const update = (present: Present) => ({ settings: toChange(present), spec: {}, mayRestart: true });
    const { status } = await settings.update(ref, update);
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
      const { env } = await recreate(ref, ({ env: before }) => {
        const gone = merge === false ? Object.fromEntries(Object.keys(before).map((name) => [name, null])) : {};
        return { env: { ...gone, ...environment } };
      });
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
      const status = await recreate(ref, (present) => {
        const notes = readNotes(present.notes);
        const asked = toMainProgram({
          entrypoint: request.body?.entrypoint ?? notes.entrypoint?.words,
          command: request.body?.command,
        });
        const entrypoint = request.body?.entrypoint == null ? notes.entrypoint : asked.entrypoint;
        const command = request.body?.command == null ? notes.command : asked.command;
        const argv = toArgv({ entrypoint, command });
        const main = argv.length === 0 ? null : { argv, maxRetries: notes.resources.max_retries ?? 0 };
        return { main, notes: { ...notes, entrypoint, command } };
      });
      const { entrypoint, command } = readNotes(status.notes);
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
      await settings.update(ref, (present) => {
        const notes = readNotes(present.notes);
        const { timeout: _before, ...resources } = notes.resources;
        const change = {
          endUpSeconds: timeout,
          notes: { ...notes, resources: { ...resources, ...(timeout > 0 ? { timeout } : {}) } },
        };
        return { settings: change, spec: {}, mayRestart: false };
      });
      return { status: 'updated' as const, timeout };
    },
  );
};
