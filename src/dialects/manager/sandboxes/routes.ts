import { randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { SandboxError } from '../../../base/errors.ts';
import { toSandboxId } from '../../../base/sandbox-address.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import type { AskedSpec } from '../../../sandboxes/asked/asked-spec.ts';
import { makeSandbox, type Wanted } from '../../../sandboxes/making.ts';
import type { SandboxStatus } from '../../../sandboxes/status/status.ts';
import { type Core, principalOf, refOf } from '../../dialect.ts';
import { errorResponse } from '../errors.ts';
import { done } from '../fields.ts';
import { makeVolumes, sizesOf, toMountPaths, volumesOf } from '../files/volume-shelf.ts';
import { toArgv, toMainProgram } from '../main-program.ts';
import type { ManagerNotes } from '../notes.ts';
import { NAMESPACE, operation, sandboxOperation } from '../operation.ts';
import { isServed, toPortSettings, type UrlOptions, urlOf } from '../ports/urls.ts';
import { isBuild, toBuildPlace } from './build-context.ts';
import { type Limits, toLimits } from './limits.ts';
import { toLife, toNotes, toResources, toSandbox } from './mapping.ts';
import * as schemas from './schemas.ts';

/** The most that a stop waits for the main process, in seconds. */
const MAX_GRACE = 30;

interface SandboxRoutesOptions extends Core {
  /** What a sandbox may have at the most. */
  readonly limits: Limits;
  readonly urls: UrlOptions;
}

/** The manager: the life of sandboxes. */
export const sandboxRoutes: FastifyPluginAsyncZod<SandboxRoutesOptions> = async (app, options) => {
  const {
    sandboxes,
    listing,
    names,
    settings,
    images,
    mains,
    logs,
    volumes,
    builds,
    devices,
    ports: served,
    limits,
    urls,
  } = options;
  const show = (request: FastifyRequest, found: SandboxStatus) =>
    toSandbox(found, volumesOf(volumes, found), mains.isRestarting(found.id), (port) =>
      urlOf(request, found, port, urls),
    );

  app.post(
    '/sandboxes',
    operation('sandboxes', 'createSandbox', 'Make a sandbox and start its main process', {
      body: schemas.createBody,
      response: { 200: schemas.sandbox, 409: errorResponse },
    }),
    async (request, reply) => {
      const { body } = request;
      const principal = principalOf(request);
      const program = toMainProgram(body);
      const resources = toResources(body.resources);
      const name = body.name ?? `sandbox-${randomBytes(6).toString('hex')}`;
      const { gpu } = resources;
      if (gpu !== undefined) await devices.require(gpu);
      if (isBuild(body)) builds.require();
      const askedVolumes = body.volumes ?? {};
      toMountPaths(askedVolumes);
      await volumes.requirePossible(sizesOf(volumes, principal, askedVolumes));
      const argv = toArgv(program);
      const ports = body.ports ?? [];
      const notes: ManagerNotes = { ...program, resources, ports, autoRemove: body.auto_remove ?? true };
      const granted = toLimits(body.resources, resources, limits);
      const wanted = (image: Pick<AskedSpec, 'image' | 'imageName'>): Wanted => ({
        asked: { ...image, ...granted, ...(gpu === undefined ? {} : { gpus: gpu }) },
        life: toLife(resources.timeout ?? 0),
        settings: {
          name,
          env: body.environment ?? {},
          main: argv.length === 0 ? null : { argv, maxRetries: resources.max_retries ?? 0 },
          notes,
        },
        id: randomBytes(32).toString('hex'),
        prepare: async (ref) => await served.settle(ref, toPortSettings(ports, urls)),
        askMore: async ({ address }) =>
          body.volumes == null
            ? {}
            : { volumes: await makeVolumes(volumes, principal, toSandboxId(address), askedVolumes) },
      });
      const make = (image: Pick<AskedSpec, 'image' | 'imageName'>) =>
        makeSandbox(sandboxes, NAMESPACE, principal, wanted(image));
      const build = isBuild(body) ? await toBuildPlace(body, principal, listing) : null;
      const made = await names.take(principal, NAMESPACE, name, async () =>
        build
          ? await builds.with({ ...build, ...granted, imageName: body.image }, disconnectSignal(reply), make)
          : await make(await images.ask(body.image)),
      );
      request.about = made.address;
      const notServed = ports.filter((port) => !isServed(port));
      await logs.append(made.id, toNotes(notServed, made.createdAtMs));
      await mains.whenStarted(made.id);
      return show(request, await sandboxes.get({ address: made.address, principal }));
    },
  );

  const list = async (request: FastifyRequest<{ Querystring: z.output<typeof schemas.listQuery> }>) => {
    const own = await listing.describeOwn(principalOf(request), NAMESPACE);
    const shown = own.map((found) => show(request, found));
    const { status } = request.query;
    return { sandboxes: status ? shown.filter((one) => one.status === status) : shown };
  };
  const listed = operation('sandboxes', 'listSandboxes', 'The sandboxes of the key, oldest first', {
    querystring: schemas.listQuery,
    response: { 200: schemas.sandboxList },
  });
  app.get('/sandboxes', listed, list);
  app.get('/sandboxes/', { ...listed, schema: { ...listed.schema, hide: true } }, list);

  app.get(
    '/sandboxes/:sandbox_id',
    sandboxOperation('sandboxes', 'getSandbox', 'One sandbox', { response: { 200: schemas.sandbox } }),
    async (request) => show(request, await sandboxes.get(refOf(request))),
  );

  app.delete(
    '/sandboxes/:sandbox_id',
    sandboxOperation('sandboxes', 'deleteSandbox', 'Remove a sandbox with its files', {
      response: { 200: done('deleted') },
    }),
    async (request) => {
      if (!(await sandboxes.purge(refOf(request)))) throw new SandboxError('not_found', 'Sandbox not found');
      await builds.sweep();
      return { status: 'deleted' as const };
    },
  );

  app.post(
    '/sandboxes/:sandbox_id/stop',
    sandboxOperation('sandboxes', 'stopSandbox', 'End what runs in a sandbox until it is started', {
      querystring: schemas.stopQuery,
      response: { 200: done('stopped') },
    }),
    async (request) => {
      const ref = refOf(request);
      await mains.ask((await sandboxes.get(ref)).id, Math.min(request.query.timeout, MAX_GRACE));
      await settings.halt(ref, true);
      return { status: 'stopped' as const };
    },
  );

  app.post(
    '/sandboxes/:sandbox_id/start',
    sandboxOperation('sandboxes', 'startSandbox', 'Start a sandbox and its main process', {
      response: { 200: done('started') },
    }),
    async (request) => {
      const { id } = await settings.resume(refOf(request));
      await mains.whenStarted(id);
      return { status: 'started' as const };
    },
  );

  app.post(
    '/sandboxes/:sandbox_id/restart',
    sandboxOperation('sandboxes', 'restartSandbox', 'Stop and start a sandbox', {
      querystring: schemas.stopQuery,
      response: { 200: done('restarted') },
    }),
    async (request) => {
      const ref = refOf(request);
      await mains.ask((await sandboxes.get(ref)).id, Math.min(request.query.timeout, MAX_GRACE));
      const { id } = await sandboxes.restart(ref);
      await mains.whenStarted(id);
      return { status: 'restarted' as const };
    },
  );

  app.get(
    '/sandboxes/:sandbox_id/urls',
    sandboxOperation('sandboxes', 'getUrls', 'Where the ports of a sandbox are reached', {
      response: { 200: schemas.urls },
    }),
    async (request) => ({ urls: show(request, await sandboxes.get(refOf(request))).urls }),
  );
};
