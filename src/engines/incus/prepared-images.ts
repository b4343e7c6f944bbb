import { posix } from 'node:path';
import { z } from 'zod';
import { SandboxError } from '../../base/errors.ts';
import type { EngineId } from '../engine.ts';
import { meaningOf } from './errors.ts';
import { type FoundImage, findImage, noPython } from './images.ts';
import type { IncusCalls } from './incus-calls.ts';
import { filesOf } from './instances.ts';
import { labelKey } from './keys.ts';
import { removeSandbox } from './lifecycle.ts';
import { MOUNT_POINTS, USUAL_POINTS } from './mount-points.ts';
import { type Preparations, removeUsual } from './preparations.ts';

/** The property of an image that was prepared: the fingerprint of that it was made of. */
export const PREPARED_PROPERTY = 'clara.prepared';

/** The property that holds the name by which such an image was asked for. */
const NAME_PROPERTY = 'clara.name';

/** How long Incus may take to unpack an image and to pack another, in milliseconds. */
const PREPARE_MS = 600_000;

/** Where a sandbox's Python may be. */
const PYTHONS = ['/usr/local/bin/python3', '/usr/bin/python3', '/bin/python3'];

const imagesSchema = z.array(
  z.object({ fingerprint: z.string(), properties: z.record(z.string(), z.string()).nullish() }),
);

/** What an image is prepared with. */
export interface Preparing {
  readonly calls: IncusCalls;
  readonly pool: string;
  readonly preparations: Preparations;
}

/** An image that was found, and what is said of it. */
type ToPrepare = FoundImage & { readonly properties: Readonly<Record<string, string>> };

/**
 * Makes of an image that knows nothing of sandboxes one with the places where the server binds something, in the server's project;
 * of the same image only once. What it makes for that carries the labels. Throws `invalid` where it has no Python.
 */
export async function prepareImage(
  preparing: Preparing,
  image: string,
  found: ToPrepare,
  labels: Readonly<Record<string, string>>,
): Promise<FoundImage> {
  const { calls, preparations } = preparing;
  const { fingerprint } = found;
  const alias = `clara-prepared-${fingerprint}`;
  const made = await findImage(calls, alias);
  if (made) return made;
  await preparations.run((id) => publish(preparing, { id, image, found, labels, alias }));
  await removeFormer(calls, image, fingerprint);
  const prepared = await findImage(calls, alias);
  if (prepared) return prepared;
  throw new SandboxError('unavailable', `Incus has lost the image that was made of ${image}; try again.`);
}

interface Publishing {
  readonly id: EngineId;
  readonly image: string;
  readonly found: ToPrepare;
  readonly labels: Readonly<Record<string, string>>;
  readonly alias: string;
}

/** Publishes an instance of the image, with what it lacks, under the alias. */
async function publish({ calls, pool }: Preparing, publishing: Publishing): Promise<void> {
  const { id, image, found, labels, alias } = publishing;
  const { fingerprint } = found;
  try {
    await makeInstance(calls, pool, id, found, labels);
    await requirePython(calls, id, image);
    for (const { folders, files } of [MOUNT_POINTS, USUAL_POINTS]) {
      for (const path of folders) await makeFolder(calls, id, path);
      for (const path of files) await makeFile(calls, id, path);
    }
    const published = {
      source: { type: 'instance', name: id },
      aliases: [{ name: alias }],
      properties: { ...found.properties, [PREPARED_PROPERTY]: fingerprint, [NAME_PROPERTY]: image },
      compression_algorithm: 'none',
    };
    await calls.change('keep the prepared image', 'POST', '/1.0/images', published, PREPARE_MS);
  } finally {
    await removeSandbox(calls, id);
  }
}

/** Makes an instance in the server's project that never starts; Incus takes images of a project for instances of that one only. */
async function makeInstance(
  calls: IncusCalls,
  pool: string,
  id: EngineId,
  { fingerprint, project }: FoundImage,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const place = `/1.0/instances?project=${encodeURIComponent(project)}`;
  const devices = { root: { type: 'disk', pool, path: '/' } };
  const config = Object.fromEntries(Object.entries(labels).map(([label, value]) => [labelKey(label), value]));
  const common = { name: id, type: 'container', profiles: [], config, devices };
  const doing = 'prepare the image';
  await calls.change(doing, 'POST', place, { ...common, source: { type: 'image', fingerprint } }, PREPARE_MS);
  if (project === calls.project) return;
  try {
    const source = { type: 'copy', source: id, project };
    await calls.change(doing, 'POST', '/1.0/instances', { ...common, source }, PREPARE_MS);
  } finally {
    await removeUsual(calls, id);
  }
}

/** Makes a folder, and those above it that are missing, in an instance that does not run; one that is there stays as it is. */
export async function makeFolder(calls: IncusCalls, id: EngineId, path: string): Promise<void> {
  if (await isThere(calls, id, path)) return;
  await makeFolder(calls, id, posix.dirname(path));
  await calls.makeFile('make a folder in the sandbox', filesOf(id, path), 'directory');
}

async function makeFile(calls: IncusCalls, id: EngineId, path: string): Promise<void> {
  if (await isThere(calls, id, path)) return;
  await makeFolder(calls, id, posix.dirname(path));
  await calls.makeFile('make a file in the image', filesOf(id, path), 'file');
}

async function requirePython(calls: IncusCalls, id: EngineId, image: string): Promise<void> {
  for (const path of PYTHONS) if (await isThere(calls, id, path)) return;
  throw noPython(image);
}

async function isThere(calls: IncusCalls, id: EngineId, path: string): Promise<boolean> {
  try {
    await calls.head('look into the image', filesOf(id, path));
    return true;
  } catch (error) {
    if (meaningOf(error) === 'not-found') return false;
    throw error;
  }
}

/** Removes what was made of other images of that name; sandboxes that were made of it keep it. */
async function removeFormer(calls: IncusCalls, image: string, fingerprint: string): Promise<void> {
  const all = imagesSchema.parse(await calls.get('list images', '/1.0/images?recursion=1'));
  for (const { fingerprint: former, properties } of all) {
    const of = properties?.[PREPARED_PROPERTY];
    if (of === undefined || of === fingerprint || properties?.[NAME_PROPERTY] !== image) continue;
    await calls.change('remove an old image', 'DELETE', `/1.0/images/${former}`);
  }
}
