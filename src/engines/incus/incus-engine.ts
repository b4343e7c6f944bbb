import { SandboxError } from '../../base/errors.ts';
import type { Engine, EngineId, EngineInfo, EngineLimits, EngineSandbox, EngineSpec, EngineUser } from '../engine.ts';
import { limitSockets } from '../hardening/socket-memory.ts';
import { ControlGroups, groupsVersion } from './control-groups.ts';
import { meaningOf } from './errors.ts';
import { countExecs, startExec, toProgram } from './exec.ts';
import { ExecUsers } from './exec-user.ts';
import { readFacts } from './facts.ts';
import { GivenNames } from './given-names.ts';
import { ImageGrounds } from './image-grounds.ts';
import { ServedImages } from './image-servers.ts';
import { findImage, noSuchImage, readImage, toReader } from './images.ts';
import { IncusCalls } from './incus-calls.ts';
import { IDS_PER_SANDBOX, toInstanceBody, toLimits } from './instance-body.ts';
import { inspectSandbox, listSandboxes, newInstanceName, noSuchSandbox, pathOf, readInstance } from './instances.ts';
import { KEY } from './keys.ts';
import { KnownNames } from './known-names.ts';
import { pauseSandbox, removeSandbox, resumeSandbox, startSandbox, stopSandbox } from './lifecycle.ts';
import { MemoryWatch } from './memory-watch.ts';
import { makeOtherPlaces } from './other-places.ts';
import type { IncusPlace } from './place.ts';
import { Preparations } from './preparations.ts';
import { readStats } from './stats.ts';
import { INCUS_TRAITS } from './traits.ts';

const CALL_TIMEOUT_MS = 30_000;
const CREATE_TIMEOUT_FACTOR = 4;
const INFO_TIMEOUT_MS = 3_000;

/** Where Incus is, and how it is used. */
export type IncusEngineOptions = IncusPlace & {
  /** The storage pool that sandboxes are made in. */
  readonly pool: string;
  /** The names of images that the operator lists: those of image servers are loaded. */
  readonly images?: readonly string[];
  /** How long a call may take; `create` four times as long, `info` at most 3 s. Default 30 s. */
  readonly callTimeoutMs?: number;
};

/** Sandboxes as unprivileged containers of Incus (6.0 or newer) on this machine. Nothing is opened before the first call. */
export function createIncusEngine(options: IncusEngineOptions): Engine {
  const { pool, project, images = [], callTimeoutMs = CALL_TIMEOUT_MS } = options;
  const calls = new IncusCalls(options, callTimeoutMs);
  const groups = new ControlGroups(project);
  const memory = new MemoryWatch(groups);
  const users = new ExecUsers();
  const preparations = new Preparations();
  const grounds = new ImageGrounds({ calls, pool, preparations });
  const find = async (name: string) => await findImage(calls, name);
  const served = new ServedImages({ names: images, type: 'container', find, calls: async () => calls });
  const given = new GivenNames();
  const known = new KnownNames();
  const reserved = new Set<string>();
  let facts: EngineInfo | undefined;

  async function info(): Promise<EngineInfo> {
    facts = await readFacts(calls, Math.min(INFO_TIMEOUT_MS, callTimeoutMs));
    return facts;
  }

  async function userOf(user: EngineUser): Promise<EngineUser> {
    if (user.uid < IDS_PER_SANDBOX && user.gid < IDS_PER_SANDBOX) return user;
    throw new SandboxError(
      'invalid',
      `A container of Incus has ${IDS_PER_SANDBOX} users, and ${user.uid} is none of them.`,
    );
  }

  async function create(spec: EngineSpec): Promise<EngineId> {
    const { cpus } = facts ?? (await info());
    const id = newInstanceName();
    const found = served.load(spec.image).then(() => grounds.of(spec));
    found.catch(() => undefined);
    await withFreeName(spec.name, async () => {
      const ground = await found;
      const body = toInstanceBody(id, spec, { pool, cpus, ...ground });
      const timeoutMs = callTimeoutMs * CREATE_TIMEOUT_FACTOR;
      await calls.change('make the sandbox', 'POST', '/1.0/instances', body, timeoutMs).catch((error: unknown) => {
        if (meaningOf(error) !== 'no-image') throw error;
        grounds.forget(ground);
        throw noSuchImage(spec.image, error);
      });
    });
    const targets = spec.mounts.map(({ target }) => target);
    await makeOtherPlaces(calls, id, targets);
    users.note(id, spec);
    known.note({ id, name: spec.name });
    return id;
  }

  /** Incus knows nothing of the names that the server gives: what is being made or named now is kept here, the rest is asked. */
  async function withFreeName(name: string, work: () => Promise<void>): Promise<void> {
    const taken = () => new SandboxError('conflict', `The name ${name} is taken.`);
    if (reserved.has(name)) throw taken();
    reserved.add(name);
    try {
      if (await inspect(name)) throw taken();
      await work();
    } finally {
      reserved.delete(name);
    }
  }

  async function inspect(idOrName: string): Promise<EngineSandbox | null> {
    const knownId = given.idOf(idOrName) ?? known.idOf(idOrName);
    const found = await inspectSandbox(calls, knownId ?? idOrName);
    const named = found && given.named(found);
    if (named?.id === idOrName || named?.name === idOrName) {
      known.note(named);
      return named;
    }
    if (knownId === undefined || given.idOf(idOrName) === knownId) return null;
    known.forget(knownId);
    return await inspect(idOrName);
  }

  async function list(labels: Readonly<Record<string, string>>): Promise<readonly EngineSandbox[]> {
    await preparations.sweep(calls, labels);
    const all = (await listSandboxes(calls, labels)).filter(({ id }) => !preparations.has(id));
    const named = all.map((sandbox) => given.named(sandbox));
    for (const sandbox of named) known.note(sandbox);
    await Promise.all(named.filter(({ state }) => state === 'running').map(({ id }) => memory.look(id)));
    return named;
  }

  async function rename(id: EngineId, name: string): Promise<void> {
    const instance = readInstance(calls, id);
    instance.catch(() => undefined);
    await withFreeName(name, async () => {
      if ((await instance) === null) throw noSuchSandbox();
      given.give(id, name, () => patch(id, `name the sandbox ${name}`, { [KEY.name]: name }));
    });
  }

  async function patch(id: EngineId, doing: string, config: Readonly<Record<string, string>>): Promise<void> {
    await calls.change(doing, 'PATCH', pathOf(id), { config });
  }

  async function update(id: EngineId, limits: EngineLimits): Promise<void> {
    const { cpus } = facts ?? (await info());
    await given.settled(id);
    await patch(id, 'change the limits of the sandbox', toLimits(limits, cpus));
  }

  async function remove(id: EngineId): Promise<void> {
    await given.settled(id);
    await removeSandbox(calls, id);
    given.forget(id);
    known.forget(id);
    users.forget(id);
    memory.forget(id);
  }

  return {
    traits: served.toTraits(INCUS_TRAITS),
    host: { userOf, closeToBridges: async () => null },
    builder: null,
    volumes: null,
    info,
    readImage: async (reading) => await readImage(calls, reading, () => create(toReader(reading))),
    loadImage: (name) => served.load(name),
    create,
    start: async (id) => {
      await given.settled(id);
      if (await startSandbox(calls, id)) memory.begin(id);
      if ((await groupsVersion()) === 1) await limitSockets([groups.nameOf(id)]);
    },
    stop: async (id, graceSeconds) => {
      await Promise.all([memory.look(id), given.settled(id)]);
      await stopSandbox(calls, id, graceSeconds);
    },
    pause: async (id) => {
      await given.settled(id);
      await pauseSandbox(calls, id);
    },
    resume: async (id) => {
      await given.settled(id);
      await resumeSandbox(calls, id);
    },
    update,
    remove,
    rename,
    inspect,
    imageId: async (name) => {
      const found = await find(name);
      return found && `sha256:${found.fingerprint}`;
    },
    list,
    stats: (id) => readStats(calls, groups, id),
    ranOutOfMemory: (id, sinceMs, waitMs = 0) => memory.ranOut(id, sinceMs, waitMs),
    exec: async (id, argv) => await startExec(calls, id, toProgram(await users.of(calls, id), argv)),
    countExecs: (id, argv) => countExecs(calls, id, argv),
    machines: async () => [],
    close: async () => {
      await given.allSettled();
      await calls.close();
    },
  };
}
