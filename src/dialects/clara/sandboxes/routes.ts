import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { SHARED_NAMESPACE } from '../../../sandboxes/asked/ref.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import { sandboxInfo } from './info-schema.ts';
import { listRoute } from './list-routes.ts';
import { toAsked, toAskedChange, toChange, toSandboxInfo } from './mapping.ts';
import * as schemas from './schemas.ts';
import { updateBody, updateResponse } from './settings-schemas.ts';
import { stateRoutes } from './state-routes.ts';
import { noQuery } from './state-schemas.ts';

/** The native dialect: the life of a sandbox. */
export const sandboxRoutes: FastifyPluginAsyncZod<Core> = async (app, core) => {
  const { sandboxes, settings, forks } = core;
  await listRoute(app, core);

  app.post(
    '/sandbox/:user_id/create',
    sandboxOperation(
      'sandbox',
      'createSandbox',
      'Create or start a sandbox',
      { 200: sandboxInfo },
      { body: schemas.createBody },
    ),
    async (request) => {
      const [ref, asked, change] = [refOf(request), toAsked(request.body), toChange(request.body)];
      const from = request.body?.from;
      if (!from) return toSandboxInfo(await sandboxes.create(ref, asked, undefined, change));
      const source = {
        address: { namespace: SHARED_NAMESPACE, id: from.user_id },
        checkpointId: from.checkpoint ?? null,
      };
      return toSandboxInfo(await forks.create(ref, source, { asked, change }));
    },
  );

  app.get(
    '/sandbox/:user_id/status',
    sandboxOperation('sandbox', 'getSandbox', 'A sandbox with its live memory and CPU', { 200: sandboxInfo }),
    async (request) => toSandboxInfo(await sandboxes.status(refOf(request))),
  );

  app.patch(
    '/sandbox/:user_id',
    sandboxOperation(
      'sandbox',
      'updateSandbox',
      'Change the settings of a sandbox',
      { 200: updateResponse },
      { querystring: noQuery, body: updateBody },
    ),
    async (request) => {
      const { body } = request;
      const update = { settings: toChange(body), spec: toAskedChange(body), mayRestart: body.allow_restart ?? false };
      const { status, isRestarted } = await settings.update(refOf(request), update);
      return { ...toSandboxInfo(status), restarted: isRestarted };
    },
  );

  app.post(
    '/sandbox/:user_id/stop',
    sandboxOperation('sandbox', 'stopSandbox', 'Stop a sandbox; files and packages stay', {
      200: schemas.stopResponse,
    }),
    async (request) => {
      const isStopped = await sandboxes.stop(refOf(request));
      return { status: isStopped ? ('stopped' as const) : ('not_found' as const) };
    },
  );

  app.post(
    '/sandbox/:user_id/restart',
    sandboxOperation('sandbox', 'restartSandbox', 'Restart a sandbox, or create it', { 200: sandboxInfo }),
    async (request) => toSandboxInfo(await sandboxes.restart(refOf(request))),
  );

  await stateRoutes(app, core);

  for (const [url, operationId] of [
    ['/sandbox/:user_id', 'deleteSandbox'],
    ['/sandbox/:user_id/destroy', 'destroySandbox'],
  ] as const) {
    app.delete(
      url,
      sandboxOperation(
        'sandbox',
        operationId,
        'Delete a sandbox; its files stay for the next one, or go too',
        { 200: schemas.deleteResponse },
        { querystring: schemas.deleteQuery },
      ),
      async (request) => {
        const isPurge = request.query.files === 'true';
        const ref = refOf(request);
        const isDeleted = await (isPurge ? sandboxes.purge(ref) : sandboxes.remove(ref));
        return { status: isDeleted ? ('deleted' as const) : ('not_found' as const), files_preserved: !isPurge };
      },
    );
  }
};
