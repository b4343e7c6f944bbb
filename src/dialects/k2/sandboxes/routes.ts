import { posix } from 'node:path';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { SandboxError } from '../../../base/errors.ts';
import { isRefusal } from '../../../files/refusals.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { HttpError } from '../../../http/errors/http-error.ts';
import { InvalidRequest } from '../../../http/validation/validation.ts';
import { makeSandbox } from '../../../sandboxes/making.ts';
import { HOME, WORKSPACE } from '../../../sandboxes/spec/folders.ts';
import { type Core, principalOf, refOf } from '../../dialect.ts';
import { NAMESPACE, operation, sandboxOperation } from '../operation.ts';
import { toLife, toListed, toSandbox } from './mapping.ts';
import * as schemas from './schemas.ts';

/** Folders that every sandbox has. */
const USUAL_FOLDERS: readonly string[] = [HOME, WORKSPACE];

/** K2: the life of sandboxes. */
export const sandboxRoutes: FastifyPluginAsyncZod<Core> = async (app, core) => {
  const { sandboxes, listing, settings, images, tree } = core;

  app.post(
    '/sandboxes',
    operation('sandboxes', 'createSandbox', 'Make a sandbox', {
      body: schemas.createBody,
      response: { 200: schemas.sandbox },
    }),
    async (request, reply) => {
      const { template, envs, timeout, metadata } = request.body;
      const cwd = posix.resolve(HOME, request.body.cwd);
      const signal = disconnectSignal(reply);
      const made = await makeSandbox(sandboxes, NAMESPACE, principalOf(request), {
        asked: await images.ask(template),
        life: toLife(timeout),
        settings: { env: envs, labels: metadata, cwd },
        ...(USUAL_FOLDERS.includes(cwd)
          ? {}
          : { prepare: (ref) => namingCwd(tree.makeFolder(ref, cwd, { parents: true }, signal)) }),
      });
      request.about = made.address;
      return toSandbox(made);
    },
  );

  app.get(
    '/sandboxes',
    operation('sandboxes', 'listSandboxes', 'The sandboxes of the key, oldest first', {
      response: { 200: schemas.sandboxList },
    }),
    async (request) => {
      const own = await listing.own(principalOf(request), NAMESPACE);
      return { sandboxes: own.map(toListed) };
    },
  );

  app.get(
    '/sandboxes/:sandbox_id',
    sandboxOperation('sandboxes', 'getSandbox', 'One sandbox', { response: { 200: schemas.sandbox } }),
    async (request) => toSandbox(await sandboxes.get(refOf(request))),
  );

  app.delete(
    '/sandboxes/:sandbox_id',
    sandboxOperation('sandboxes', 'deleteSandbox', 'Remove a sandbox with its files', {
      response: { 200: schemas.deleted },
    }),
    async (request) => {
      const ref = refOf(request);
      if (!(await sandboxes.purge(ref))) throw new SandboxError('not_found', 'Sandbox not found');
      return { sandbox_id: ref.address.id, status: 'deleted' as const };
    },
  );

  app.post(
    '/sandboxes/:sandbox_id/actions',
    sandboxOperation('sandboxes', 'actOnSandbox', 'Stop, kill or restart a sandbox, or set its timeout', {
      body: schemas.actionBody,
      response: { 200: schemas.sandbox },
    }),
    async (request) => {
      const { action, timeout } = request.body;
      const ref = refOf(request);
      switch (action) {
        case 'stop':
          return toSandbox(await settings.halt(ref, true), 'stopped');
        case 'kill':
          return toSandbox(await settings.halt(ref, false), 'killed');
        case 'restart':
          return toSandbox(await sandboxes.restart(ref));
        case 'set_timeout': {
          await sandboxes.get(ref);
          const update = { settings: { endAfterSeconds: toTimeout(timeout) }, spec: {}, mayRestart: false };
          await sandboxes.touch(ref);
          return toSandbox((await settings.update(ref, update)).status);
        }
        default:
          await sandboxes.get(ref);
          throw new HttpError(400, `Unsupported action: ${action}`);
      }
    },
  );
};

/** A folder that cannot be made is the fault of that field. */
async function namingCwd(made: Promise<unknown>): Promise<void> {
  try {
    await made;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new InvalidRequest([{ loc: ['body', 'cwd'], msg: `cannot be made: ${error.message}`, type: 'no_folder' }]);
  }
}

function toTimeout(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value <= 0) {
    throw new HttpError(400, 'Timeout value is required');
  }
  if (value <= schemas.MAX_TIMEOUT) return value;
  const msg = `must be ${schemas.MAX_TIMEOUT} or less`;
  throw new InvalidRequest([{ loc: ['body', 'timeout'], msg, type: 'too_big' }]);
}
