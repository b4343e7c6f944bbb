import { z } from 'zod';
import { isSandboxError, SandboxError } from '../../base/errors.ts';
import type { EngineId, EngineSpec } from '../engine.ts';
import type { EngineFile, ImageReading } from '../image-reading.ts';
import { isImageReference } from '../image-reference.ts';
import { meaningOf } from './errors.ts';
import type { IncusCalls } from './incus-calls.ts';
import { filesOf } from './instances.ts';
import { removeSandbox } from './lifecycle.ts';

const aliasSchema = z.object({ target: z.string() });

/** The property of an image that holds its environment, as a JSON object. */
const ENVIRONMENT_PROPERTY = 'clara.environment';

const environmentSchema = z.record(z.string(), z.string());

const imageSchema = z.object({ properties: z.record(z.string(), z.string()).nullish() });

/** An image by its id, as imageId tells it. */
const ID = /^sha256:([0-9a-f]{64})$/;

/** Where `incus image` and `incus publish` put what is given no project. */
export const USUAL_PROJECT = 'default';

/** An image that Incus has, and in which project. */
export interface FoundImage {
  readonly fingerprint: string;
  readonly project: string;
}

/** The image that has this alias or id at the moment, in the server's project or else in Incus' usual one; null where there is none. */
export async function findImage(calls: IncusCalls, name: string): Promise<FoundImage | null> {
  const [, id] = ID.exec(name) ?? [];
  if (id === undefined && (!isImageReference(name) || name.length > 255)) return null;
  const path = id === undefined ? `aliases/${encodeURIComponent(name)}` : id;
  for (const project of new Set([calls.project, USUAL_PROJECT])) {
    const found = await readOf(calls, path, project);
    if (found !== null) return { fingerprint: id ?? aliasSchema.parse(found).target, project };
  }
  return null;
}

/** What is said of an image; throws `invalid` where it is gone. */
export async function propertiesOf(
  calls: IncusCalls,
  { fingerprint, project }: FoundImage,
): Promise<Readonly<Record<string, string>>> {
  const found = await readOf(calls, fingerprint, project);
  if (found === null) throw noSuchImage(`sha256:${fingerprint}`);
  return imageSchema.parse(found).properties ?? {};
}

/** The environment that an image's properties tell, of which Incus knows nothing. */
export function imageEnvironment(properties: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const text = properties[ENVIRONMENT_PROPERTY];
  return text === undefined ? {} : environmentSchema.parse(JSON.parse(text));
}

async function readOf(calls: IncusCalls, path: string, project: string): Promise<unknown> {
  try {
    return await calls.get('look at the image', `/1.0/images/${path}?project=${encodeURIComponent(project)}`);
  } catch (error) {
    const meaning = meaningOf(error);
    if (meaning === 'no-image' || meaning === 'not-found') return null;
    // A server of another machine is let into its own project only.
    if (meaning === 'not-allowed' && project !== calls.project) return null;
    throw error;
  }
}

/** The error for an image that is not there. */
export function noSuchImage(image: string, cause?: unknown): SandboxError {
  const sentence = `Image ${image} is not on this machine: build or pull it first (npm run incus imports ours).`;
  return new SandboxError('invalid', sentence, { cause });
}

/** The error for an image in which no sandbox could run. */
export function noPython(image: string): SandboxError {
  return new SandboxError(
    'invalid',
    `The image ${image} has no python3, which every sandbox needs, and nothing is installed into images: take one that has it, or add it and publish that.`,
  );
}

/** An instance that only lends its files and is never started. */
export function toReader({ name, labels, image }: ImageReading): EngineSpec {
  return {
    ...{ name, labels, image, memoryBytes: 64 * 2 ** 20, cpus: 1, pidsLimit: 32 },
    ...{ user: { uid: 65_534, gid: 65_534 }, workdir: '/', env: {}, mounts: [], tmpfs: [], runtime: '' },
    network: { mode: 'none' },
    seccomp: 'strict',
  };
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
    const { body, headers } = await calls.getRaw('read the image', filesOf(id, path));
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
