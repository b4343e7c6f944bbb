import { z } from 'zod';
import { isSandboxError, SandboxError } from '../../errors.ts';
import type { EngineFile, EngineId, ImageReading } from '../engine.ts';
import { meaningOf } from './errors.ts';
import type { IncusCalls } from './incus-calls.ts';
import { pathOf } from './instances.ts';
import { removeSandbox } from './lifecycle.ts';

/** An alias as it goes into a URL. */
const ALIAS = /^[A-Za-z0-9](?:[A-Za-z0-9._/:@-](?!\.\.))*$/;

const aliasSchema = z.object({ target: z.string() });

const imageSchema = z.object({ properties: z.record(z.string(), z.string()).nullish() });

/** The property of an image that holds its environment, as a JSON object. */
const ENVIRONMENT_PROPERTY = 'clara.environment';

const environmentSchema = z.record(z.string(), z.string());

/** An image by its id, as imageId tells it. */
const ID = /^sha256:([0-9a-f]{64})$/;

/** The fingerprint of the image that has this alias or id at the moment; null where Incus has none. */
export async function fingerprintOf(calls: IncusCalls, alias: string): Promise<string | null> {
  const [, known] = ID.exec(alias) ?? [];
  if (known !== undefined) return known;
  if (!ALIAS.test(alias) || alias.length > 255) return null;
  try {
    const found = await calls.get('look at the image', `/1.0/images/aliases/${encodeURIComponent(alias)}`);
    return aliasSchema.parse(found).target;
  } catch (error) {
    const meaning = meaningOf(error);
    if (meaning === 'no-image' || meaning === 'not-found') return null;
    throw error;
  }
}

/** The environment that an image was given when it was made for sandboxes. */
export async function environmentOf(calls: IncusCalls, fingerprint: string): Promise<Readonly<Record<string, string>>> {
  const found = await calls.get('look at the image', `/1.0/images/${fingerprint}`).catch((error: unknown) => {
    throw meaningOf(error) === 'not-found' ? noSuchImage(`sha256:${fingerprint}`, error) : error;
  });
  const { properties } = imageSchema.parse(found);
  const text = properties?.[ENVIRONMENT_PROPERTY];
  return text === undefined ? {} : environmentSchema.parse(JSON.parse(text));
}

/** The error for an image that is not there. */
export function noSuchImage(image: string, cause?: unknown): SandboxError {
  const sentence = `Image ${image} is not on this machine: build or pull it first (npm run incus imports ours).`;
  return new SandboxError('invalid', sentence, { cause });
}

/** Reads files of an image in an instance of it that never starts, which `make` makes. */
export async function readImage(
  calls: IncusCalls,
  { paths, maxBytes }: ImageReading,
  make: () => Promise<EngineId>,
): Promise<ReadonlyMap<string, EngineFile>> {
  const id = await make();
  try {
    const files = new Map<string, EngineFile>();
    for (const path of paths) {
      const file = await readFile(calls, id, path, maxBytes);
      if (file) files.set(path, file);
    }
    return files;
  } finally {
    await removeSandbox(calls, id);
  }
}

async function readFile(
  calls: IncusCalls,
  id: EngineId,
  path: string,
  maxBytes: number,
): Promise<EngineFile | undefined> {
  try {
    const { body, headers } = await calls.getRaw(
      'read the image',
      pathOf(id, `/files?path=${encodeURIComponent(path)}`),
    );
    const type = headers['x-incus-type'];
    if (type === 'symlink')
      return await readFile(calls, id, new URL(body.toString().trim(), `file://${path}`).pathname, maxBytes);
    if (type !== 'file') return undefined;
    return { sizeBytes: body.length, content: body.length > maxBytes ? null : body };
  } catch (error) {
    if (meaningOf(error) === 'not-found' || isSandboxError(error, 'not_found')) return undefined;
    throw error;
  }
}
