import { posix } from 'node:path';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { SandboxError } from '../../../base/errors.ts';
import { isMissing } from '../../../files/refusals.ts';
import { acceptForms, formParts, toFileName } from '../../../http/bodies/form-parts.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { InvalidRequest } from '../../../http/validation/validation.ts';
import type { SandboxRef } from '../../../sandboxes/asked/ref.ts';
import { toStream } from '../../body-streams.ts';
import { type Core, refOf } from '../../dialect.ts';
import { done } from '../fields.ts';
import { sandboxOperation } from '../operation.ts';
import * as schemas from './volume-schemas.ts';
import { volumesOf } from './volume-shelf.ts';

/** How long reading or writing a file may take, in milliseconds: below the 60 s that clients wait. */
const FILE_DEADLINE_MS = 45_000;

interface VolumeRoutesOptions extends Core {
  /** Largest file that is answered as JSON, in bytes. */
  readonly jsonLimitBytes: number;
}

const params = z.object({ sandbox_id: z.string(), volume_id: z.string() });

/** The manager: files of the volumes of a sandbox. */
export const volumeRoutes: FastifyPluginAsyncZod<VolumeRoutesOptions> = async (app, options) => {
  const { sandboxes, files, tree, volumes: shelf, jsonLimitBytes } = options;
  await acceptForms(app);

  /** Where a path in a volume is in its sandbox. */
  const placeOf = async (ref: SandboxRef, idOrName: string, path: string): Promise<string> => {
    const volumes = volumesOf(shelf, await sandboxes.get(ref));
    const found = volumes.find(({ volume_id, name }) => volume_id === idOrName || name === idOrName);
    if (!found) throw new SandboxError('not_found', `The sandbox has no volume ${idOrName}.`);
    return posix.join(found.mount_path, posix.resolve('/', path));
  };

  for (const [url, id] of [
    ['/volumes/:sandbox_id/:volume_id/ls', 'listVolume'],
    ['/sandboxes/:sandbox_id/volumes/:volume_id/ls', 'listSandboxVolume'],
  ] as const) {
    app.get(
      url,
      sandboxOperation('files', id, 'What is in a folder of a volume', {
        params,
        querystring: schemas.folderQuery,
        response: { 200: schemas.entries },
      }),
      async (request, reply) => {
        const ref = refOf(request);
        const place = await placeOf(ref, request.params.volume_id, request.query.path);
        const found = await tree.children(ref, place, disconnectSignal(reply));
        return {
          entries: found.map(({ path, type }) => ({
            name: posix.basename(path.toWellFormed()),
            type: type === 'directory' ? ('directory' as const) : ('file' as const),
          })),
        };
      },
    );
  }

  for (const [prefix, suffix] of [
    ['/sandboxes/:sandbox_id/volumes/:volume_id', ''],
    ['/volumes/:sandbox_id/volumes/:volume_id', 'Too'],
  ] as const) {
    app.post(
      `${prefix}/mkdir`,
      sandboxOperation('files', `makeVolumeFolder${suffix}`, 'Make a folder in a volume, and those above it', {
        params,
        querystring: schemas.fileQuery,
        response: { 200: done('created') },
      }),
      async (request, reply) => {
        const ref = refOf(request);
        const place = await placeOf(ref, request.params.volume_id, request.query.path);
        await tree.makeFolder(ref, place, { parents: true }, disconnectSignal(reply));
        return { status: 'created' as const };
      },
    );

    app.get(
      `${prefix}/read`,
      sandboxOperation('files', `readVolumeFile${suffix}`, 'The content of a file in a volume', {
        params,
        querystring: schemas.fileQuery,
        response: { 200: schemas.content },
      }),
      async (request, reply) => {
        const ref = refOf(request);
        const place = await placeOf(ref, request.params.volume_id, request.query.path);
        const options = { deadlineMs: FILE_DEADLINE_MS, signal: disconnectSignal(reply) };
        return { content: (await files.read(ref, place, jsonLimitBytes, options)).toString('utf8') };
      },
    );

    app.post(
      `${prefix}/write`,
      sandboxOperation('files', `writeVolumeFile${suffix}`, 'Write a file in a volume', {
        params,
        querystring: schemas.fileQuery,
        body: schemas.contentBody,
        response: { 200: done('written') },
      }),
      async (request, reply) => {
        const ref = refOf(request);
        const place = await placeOf(ref, request.params.volume_id, request.query.path);
        const options = { deadlineMs: FILE_DEADLINE_MS, signal: disconnectSignal(reply) };
        await files.write(ref, place, Buffer.from(request.body.content), options);
        return { status: 'written' as const };
      },
    );

    app.post(
      `${prefix}/upload`,
      sandboxOperation(
        'files',
        `uploadVolumeFile${suffix}`,
        'Upload a file into a volume, as the field file of a form',
        {
          params,
          querystring: schemas.folderQuery,
          response: { 200: done('uploaded') },
        },
      ),
      async (request, reply) => {
        const ref = refOf(request);
        const { path } = request.query;
        for await (const part of formParts(request)) {
          if (part.kind !== 'file' || part.name !== 'file') continue;
          const place = await placeOf(ref, request.params.volume_id, path);
          const isFolder = path.endsWith('/') || (await isFolderAt(ref, place, disconnectSignal(reply)));
          const target = isFolder ? posix.join(place, toFileName(part)) : place;
          await files.upload(ref, target, part.chunks, { ...toStream(reply), size: undefined, only: undefined });
          return { status: 'uploaded' as const };
        }
        throw new InvalidRequest([{ loc: ['body', 'file'], msg: 'is missing', type: 'missing' }]);
      },
    );
  }

  const isFolderAt = async (ref: SandboxRef, path: string, signal: AbortSignal): Promise<boolean> => {
    try {
      return (await tree.stat(ref, path, true, signal)).type === 'directory';
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  };
};
