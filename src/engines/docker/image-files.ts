import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { SandboxError } from '../../base/errors.ts';
import type { EngineId } from '../engine.ts';
import type { EngineFile, ImageReading } from '../image-reading.ts';
import type { DockerCalls } from './docker-calls.ts';
import { type CallSubject, statusOf } from './errors.ts';
import { removeSandbox } from './lifecycle.ts';

const BLOCK_BYTES = 512;

/** The bits of Go's file mode that no regular file has. https://pkg.go.dev/io/fs#FileMode */
const IRREGULAR = 0x8f280000;

/** What the engine says of a path in a header, as JSON in base64. */
const statSchema = z.object({ size: z.int(), mode: z.int(), linkTarget: z.string() });

type FileStat = z.infer<typeof statSchema>;

/** A call that needs an image. */
export function needsImage(image: string, doing: string): CallSubject {
  const message = `Image ${image} is not on this machine: build or pull it first.`;
  return { doing, absent: { kind: 'invalid', message } };
}

/** As the interface says: an image shows its files only in a container, which never starts. */
export async function readImage(calls: DockerCalls, reading: ImageReading): Promise<ReadonlyMap<string, EngineFile>> {
  const { name, labels, image, paths, maxBytes } = reading;
  const body = { Image: image, Entrypoint: ['true'], Labels: { ...labels }, HostConfig: { NetworkMode: 'none' } };
  const container = await calls.run(needsImage(image, 'read the image'), (docker, abortSignal) => {
    const request = { name, _query: { name }, _body: body, abortSignal };
    return docker.createContainer(request);
  });
  const id = container.id as EngineId;
  try {
    const files = new Map<string, EngineFile>();
    for (const path of paths) {
      const file = await readFile(calls, id, path, maxBytes);
      if (file) files.set(path, file);
    }
    // To the engine a path that is not there is the same as a container that is not there.
    await calls.run(calls.about(id, 'read the image'), (docker, abortSignal) =>
      docker.getContainer(calls.path(id)).inspect({ abortSignal }),
    );
    return files;
  } finally {
    await removeSandbox(calls, id);
  }
}

async function readFile(
  calls: DockerCalls,
  id: EngineId,
  path: string,
  maxBytes: number,
): Promise<EngineFile | undefined> {
  const found = await statPath(calls, id, path);
  // The target is free of links, wherever the first leads within the image.
  const target = found?.linkTarget || path;
  const stat = target === path ? found : await statPath(calls, id, target);
  if (!stat || (stat.mode & IRREGULAR) !== 0) return undefined;
  if (stat.size > maxBytes) return { sizeBytes: stat.size, content: null };
  const tar = await calls.run({ doing: 'read the image' }, async (docker, abortSignal) =>
    buffer(await docker.getContainer(calls.path(id)).getArchive({ path: target, abortSignal })),
  );
  return { sizeBytes: stat.size, content: firstFile(tar) };
}

async function statPath(calls: DockerCalls, id: EngineId, path: string): Promise<FileStat | undefined> {
  try {
    return await calls.run({ doing: 'read the image' }, async (docker, abortSignal) => {
      const answer = await docker.getContainer(calls.path(id)).infoArchive({ path, abortSignal });
      answer.resume();
      const header = z.string().parse(answer.headers['x-docker-container-path-stat']);
      return statSchema.parse(JSON.parse(Buffer.from(header, 'base64').toString()));
    });
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** The content of the first regular file in a tar, past the headers that say more of it. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */
function firstFile(tar: Buffer): Buffer {
  let at = 0;
  while (at + BLOCK_BYTES <= tar.length) {
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0;
    const type = tar.toString('latin1', at + 156, at + 157);
    const content = tar.subarray(at + BLOCK_BYTES, at + BLOCK_BYTES + size);
    if (type === '0' || type === '\0') return content;
    at += BLOCK_BYTES + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  throw new SandboxError('unavailable', 'The Docker engine gave an archive without the file that it was asked for.');
}
