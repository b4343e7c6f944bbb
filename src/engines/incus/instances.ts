import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { SandboxError } from '../../base/errors.ts';
import type { EngineId, EngineSandbox, EngineState } from '../engine.ts';
import { meaningOf } from './errors.ts';
import type { IncusCalls } from './incus-calls.ts';
import { KEY, labelKey, labelsOf } from './keys.ts';

/** How Incus names the only machine where there is no cluster. */
export const ALONE = 'none';

const INSTANCE = /^clara-[0-9a-f]{24}$/;

/** What a filter of Incus takes as a word. */
const NAME = /^[A-Za-z0-9][\w.-]*$/;

/** The member of a cluster that has something. */
export const location = z
  .string()
  .default('')
  .transform((name) => (name === '' ? ALONE : name));

const instanceSchema = z.object({
  name: z.string(),
  status: z.string(),
  config: z
    .record(z.string(), z.string())
    .nullish()
    .transform((config) => config ?? {}),
  location,
});

/** An instance of ours, as Incus tells it. */
export type Instance = z.infer<typeof instanceSchema>;

/** A name for a new instance: it stays, whoever the sandbox is given to. */
export function newInstanceName(): EngineId {
  return `clara-${randomBytes(12).toString('hex')}` as EngineId;
}

/** True for what an instance of ours may be called. */
export function isInstanceName(name: string): name is EngineId {
  return INSTANCE.test(name);
}

/** Where an instance is in the API; throws `not_found` for what no instance of ours is called. */
export function pathOf(id: EngineId, rest = ''): string {
  if (!INSTANCE.test(id)) throw noSuchSandbox();
  return `/1.0/instances/${id}${rest}`;
}

/** Where a file or folder of an instance is in the API; throws the same. */
export function filesOf(id: EngineId, path: string): string {
  return pathOf(id, `/files?path=${encodeURIComponent(path)}`);
}

/** The error for what no instance of ours is called. */
export function noSuchSandbox(): SandboxError {
  return new SandboxError('not_found', 'There is no sandbox of that name.');
}

/** The instance of exactly this name; null where there is none. */
export async function readInstance(calls: IncusCalls, id: EngineId): Promise<Instance | null> {
  if (!INSTANCE.test(id)) return null;
  try {
    return instanceSchema.parse(await calls.get('look at the sandbox', pathOf(id)));
  } catch (error) {
    if (meaningOf(error) === 'not-found') return null;
    throw error;
  }
}

/** The instance of exactly this id or name; null where there is none. */
export async function inspectSandbox(calls: IncusCalls, idOrName: string): Promise<EngineSandbox | null> {
  if (INSTANCE.test(idOrName)) {
    const instance = await readInstance(calls, idOrName as EngineId);
    return instance && toSandbox(instance);
  }
  if (!NAME.test(idOrName)) return null;
  const [found] = await searchInstances(calls, [[KEY.name, idOrName]]);
  return found ? toSandbox(found) : null;
}

/** All instances, in any state, that carry all these labels. */
export async function listSandboxes(
  calls: IncusCalls,
  labels: Readonly<Record<string, string>>,
): Promise<readonly EngineSandbox[]> {
  const wanted = Object.entries(labels);
  const filters = wanted
    .filter(([, value]) => NAME.test(value))
    .map(([label, value]) => [labelKey(label), value] as const);
  return toSandboxes(await searchInstances(calls, filters)).filter((sandbox) =>
    wanted.every(([label, value]) => sandbox.labels[label] === value),
  );
}

/** Instances of ours in a project whose configuration has all of these values. */
export async function searchInstances(
  calls: IncusCalls,
  wanted: readonly (readonly [string, string])[],
  project = calls.project,
): Promise<readonly Instance[]> {
  const filter = wanted.map(([key, value]) => `config.${key} eq ${value}`).join(' and ');
  const query = filter === '' ? '' : `&filter=${encodeURIComponent(filter)}`;
  const path = `/1.0/instances?project=${encodeURIComponent(project)}&recursion=1${query}`;
  const found = await calls.get('list sandboxes', path);
  return readInstances(found).filter(({ config }) => wanted.every(([key, value]) => config[key] === value));
}

/** All instances of ours that an answer to a list has. */
export function readInstances(answer: unknown): readonly Instance[] {
  return z
    .array(instanceSchema)
    .parse(answer)
    .filter(({ name }) => INSTANCE.test(name));
}

/** What an engine knows of these; one that is between two states, or in none that Incus knows, is left out: it keeps no other from being seen. */
export function toSandboxes(instances: readonly Instance[]): readonly EngineSandbox[] {
  return instances.filter((instance) => stateOf(instance) !== null).map(toSandbox);
}

/** What an engine knows of an instance; throws `unavailable` where Incus does not know its state. */
export function toSandbox(instance: Instance): EngineSandbox {
  const { name, config, status } = instance;
  const state = stateOf(instance);
  if (state === null) {
    const sentence = `Incus says that the sandbox is in the state ${status}; try again in a moment.`;
    throw new SandboxError('unavailable', sentence);
  }
  return {
    id: name as EngineId,
    name: config[KEY.name] ?? name,
    state,
    labels: labelsOf(config),
    image: config[KEY.image] ?? '',
  };
}

/** Incus keeps what state an instance was in last; one that never started has none. Null on the way from one to another, and in an error. */
function stateOf({ status, config }: Instance): EngineState | null {
  if (status === 'Running') return 'running';
  if (status === 'Frozen' || status === 'Freezing') return 'paused';
  if (status === 'Stopped') return config['volatile.last_state.power'] === undefined ? 'created' : 'stopped';
  return null;
}
