import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { SandboxError } from '../../../base/errors.ts';
import type { AskedSpec } from '../../../sandboxes/asked/asked-spec.ts';
import type { SandboxRef } from '../../../sandboxes/asked/ref.ts';
import { type Core, principalOf, refOf } from '../../dialect.ts';
import { errorResponse } from '../errors.ts';
import { done } from '../fields.ts';
import { operation, sandboxOperation } from '../operation.ts';
import * as schemas from './volume-schemas.ts';
import { requireApart, requireMountable, toShown, toVolumeBytes } from './volume-shelf.ts';

/** Volumes of one sandbox. */
const MAX_MOUNTED = 8;

type Mounted = NonNullable<AskedSpec['volumes']>;

/** The manager: volumes that several sandboxes may have. */
export const networkVolumeRoutes: FastifyPluginAsyncZod<Core> = async (app, options) => {
  const { settings, volumes: shelf, mains } = options;
  const params = z.object({ sandbox_id: z.string(), volume: z.string() });
  const named = z.object({ volume: z.string() });

  /** Makes a sandbox anew with other volumes; files and id stay. */
  const remount = async (ref: SandboxRef, toMounted: (before: Mounted) => Mounted) => {
    const { status } = await settings.update(ref, ({ asked }) => {
      const volumes = toMounted(asked.volumes ?? []);
      return { settings: {}, spec: { volumes: volumes.length === 0 ? null : volumes }, mayRestart: true };
    });
    await mains.whenStarted(status.id);
  };

  app.post(
    '/volumes/network',
    operation('files', 'createNetworkVolume', 'Make a volume that several sandboxes may have', {
      body: schemas.networkVolumeBody,
      response: { 200: schemas.networkVolume, 409: errorResponse },
    }),
    async (request) => {
      const { name, size, mount_path: path } = request.body;
      const mountPath = requireMountable(path ?? `/mnt/${name}`, ['body', 'mount_path']);
      const wanted = { name, sizeBytes: toVolumeBytes(shelf, size), mountPath, sandboxId: null };
      await shelf.create(principalOf(request), wanted);
      return { volume_name: name };
    },
  );

  app.get(
    '/volumes/network',
    operation('files', 'listNetworkVolumes', 'The network volumes of the key, oldest first', {
      response: { 200: schemas.networkVolumes },
    }),
    async (request) => ({
      volumes: shelf.shared(principalOf(request)).map((volume) => toShown(volume, volume.mountPath)),
    }),
  );

  app.delete(
    '/volumes/network/:volume',
    operation('files', 'deleteNetworkVolume', 'Remove a network volume with its files', {
      params: named,
      response: { 200: done('deleted'), 409: errorResponse },
    }),
    async (request) => {
      await shelf.removeShared(principalOf(request), request.params.volume);
      return { status: 'deleted' as const };
    },
  );

  app.post(
    '/sandboxes/:sandbox_id/volumes/:volume/mount',
    sandboxOperation('files', 'mountVolume', 'Mount a network volume; the sandbox is recreated with its files', {
      params,
      querystring: schemas.mountQuery,
      response: { 200: done('mounted') },
    }),
    async (request) => {
      const ref = refOf(request);
      await remount(ref, (before) => {
        const volume = shelf.requireShared(ref.principal, request.params.volume);
        const field = ['query', 'mount_path'];
        const path = requireMountable(request.query.mount_path ?? volume.mountPath, field);
        const others = before.filter(({ id }) => id !== volume.id);
        if (others.length >= MAX_MOUNTED) {
          throw new SandboxError('conflict', `A sandbox has ${MAX_MOUNTED} volumes at the most; unmount one first.`);
        }
        for (const other of others) requireApart(path, other.path, field);
        return [...others, { id: volume.id, path }];
      });
      return { status: 'mounted' as const };
    },
  );

  app.post(
    '/sandboxes/:sandbox_id/volumes/:volume/unmount',
    sandboxOperation('files', 'unmountVolume', 'Unmount a network volume; the sandbox is recreated with its files', {
      params,
      querystring: schemas.mountQuery,
      response: { 200: done('unmounted') },
    }),
    async (request) => {
      const ref = refOf(request);
      await remount(ref, (before) => {
        const volume = shelf.requireShared(ref.principal, request.params.volume);
        if (before.some(({ id }) => id === volume.id)) return before.filter(({ id }) => id !== volume.id);
        throw new SandboxError('not_found', `The volume ${volume.name} is not mounted in the sandbox.`);
      });
      return { status: 'unmounted' as const };
    },
  );
};
