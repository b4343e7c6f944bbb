import { readFile } from 'node:fs/promises';
import type Docker from 'dockerode';
import type { ContainerCreateOptions } from 'dockerode';
import { isSandboxError } from '../../base/errors.ts';
import type { Engine, EngineId, EngineInfo, EngineLimits, EngineSpec, EngineUser } from '../engine.ts';
import { canLimitSockets, limitSockets } from '../hardening/socket-memory.ts';
import { closeVolumes, toContainerOptions, toLimits } from './container-options.ts';
import { DockerCalls } from './docker-calls.ts';
import { countExecs, startExec } from './exec.ts';
import { type DockerFacts, toFacts } from './facts.ts';
import { closeHostToBridges } from './firewall.ts';
import { HeldStreams } from './held-streams.ts';
import { buildImage, builtImages, removeImage } from './image-builds.ts';
import { needsImage, readImage } from './image-files.ts';
import { imageIdOf } from './images.ts';
import { inspectSandbox, listSandboxes, networkOf, volumesOf } from './inspect.ts';
import { pauseSandbox, removeSandbox, resumeSandbox, startSandbox, stopSandbox } from './lifecycle.ts';
import { ranOutOfMemory } from './memory-events.ts';
import { BridgeNetworks } from './network.ts';
import { requireFilter } from './seccomp.ts';
import { readStats } from './stats.ts';
import { DOCKER_TRAITS } from './traits.ts';
import { mapsUsers, toHostUser } from './users.ts';

const CALL_TIMEOUT_MS = 30_000;
const CREATE_TIMEOUT_FACTOR = 2;
const INFO_TIMEOUT_MS = 3_000;

/** Where Docker is, and how long it may take. */
export interface DockerEngineOptions {
  /** The engine's socket; where absent, DOCKER_HOST and its companions say where the engine is, as for the docker command. */
  readonly socketPath?: string;
  /** How long a call may take; `create` may take twice as long, `info` at most 3 s. Default 30 s. */
  readonly callTimeoutMs?: number;
}

/** The signal is left out of dockerode's types here. */
type DescribesItself = Docker & { info(options: { abortSignal: AbortSignal }): ReturnType<Docker['info']> };

/** Sandboxes as containers of a Docker engine (20.10 or newer). Nothing is opened before the first call. */
export function createDockerEngine(options: DockerEngineOptions = {}): Engine {
  const { socketPath, callTimeoutMs = CALL_TIMEOUT_MS } = options;
  const calls = new DockerCalls(socketPath === undefined ? {} : { socketPath }, callTimeoutMs);
  const networks = new BridgeNetworks(calls);
  const held = new HeldStreams();
  let facts: DockerFacts | undefined;

  async function ask(): Promise<DockerFacts> {
    facts = await calls.run(
      { doing: 'describe itself' },
      async (docker, abortSignal) => toFacts(await (docker as DescribesItself).info({ abortSignal })),
      Math.min(INFO_TIMEOUT_MS, callTimeoutMs),
    );
    return facts;
  }

  async function hostUser(user: EngineUser): Promise<EngineUser> {
    const { users } = facts ?? (await ask());
    return toHostUser(users, await readOwnMap(), user);
  }

  async function info(): Promise<EngineInfo> {
    const { info: known, users, cgroups } = await ask();
    const limitsSockets = await canLimitSockets(cgroups);
    return { ...known, mapsUsers: mapsUsers(users, await readOwnMap()), limitsSockets };
  }

  async function create(spec: EngineSpec): Promise<EngineId> {
    const { info, users, cgroups, limitsTerminals } = facts ?? (await ask());
    requireFilter(info.seccomp, spec.seccomp);
    const body = toContainerOptions(spec, { cpus: info.cpus, users: users.mode, cgroups, limitsTerminals });
    if (spec.network.mode !== 'bridge') return await createWithoutVolumes(spec, body);
    await networks.make(spec.network);
    try {
      return await createWithoutVolumes(spec, body);
    } catch (error) {
      // A name that is taken is another sandbox's, and so is the network then.
      if (!isSandboxError(error, 'conflict')) await networks.remove(spec.network.name).catch(() => undefined);
      throw error;
    }
  }

  /** An image may have volumes, which no limit of the sandbox holds: only the container that was made of it tells. */
  async function createWithoutVolumes(spec: EngineSpec, body: ContainerCreateOptions): Promise<EngineId> {
    const id = await createContainer(spec, body);
    const volumes = await volumesOf(calls, id);
    if (volumes.length === 0) return id;
    await removeSandbox(calls, id);
    return await createContainer(spec, closeVolumes(body, volumes));
  }

  async function createContainer(spec: EngineSpec, body: ContainerCreateOptions): Promise<EngineId> {
    const container = await calls.run(
      needsImage(spec.image, 'make the sandbox'),
      // Without _query dockerode would put the whole spec, with its environment, into the URL.
      (docker, abortSignal) => {
        const request = { name: spec.name, _query: { name: spec.name }, _body: body, abortSignal };
        return docker.createContainer(request);
      },
      callTimeoutMs * CREATE_TIMEOUT_FACTOR,
    );
    return container.id as EngineId;
  }

  async function start(id: EngineId): Promise<void> {
    await startSandbox(calls, id);
    const { cgroups } = facts ?? (await ask());
    // By the engine itself, or by systemd for it.
    if (cgroups === 1) await limitSockets([`docker/${id}`, `system.slice/docker-${id}.scope`]);
  }

  async function remove(id: EngineId): Promise<void> {
    const network = await networkOf(calls, id);
    await held.whileEnding(id, 0, () => removeSandbox(calls, id));
    if (network !== null) await networks.remove(network);
  }

  async function rename(id: EngineId, name: string): Promise<void> {
    await calls.run(calls.about(id, `name the sandbox ${name}`), (docker, abortSignal) =>
      docker.getContainer(calls.path(id)).rename({ name, abortSignal }),
    );
  }

  async function update(id: EngineId, limits: EngineLimits): Promise<void> {
    const { info } = facts ?? (await ask());
    const body = toLimits(limits, info.cpus);
    await calls.run(calls.about(id, 'change the limits of the sandbox'), (docker, abortSignal) =>
      docker.getContainer(calls.path(id)).update({ ...body, abortSignal }),
    );
  }

  return {
    traits: DOCKER_TRAITS,
    host: { userOf: hostUser, closeToBridges: closeHostToBridges },
    builder: {
      build: (build, deadlineMs) => buildImage(calls, build, deadlineMs),
      built: (labels) => builtImages(calls, labels),
      removeImage: (name) => removeImage(calls, name),
    },
    volumes: null,
    info,
    readImage: (reading) => readImage(calls, reading),
    create,
    start,
    stop: (id, graceSeconds) => held.whileEnding(id, graceSeconds, () => stopSandbox(calls, id, graceSeconds)),
    pause: (id) => pauseSandbox(calls, id),
    resume: (id) => resumeSandbox(calls, id),
    update,
    remove,
    rename,
    inspect: (idOrName) => inspectSandbox(calls, idOrName),
    imageId: (name) => imageIdOf(calls, name),
    loadImage: async () => undefined,
    list: (labels) => listSandboxes(calls, labels),
    stats: (id) => readStats(calls, id),
    ranOutOfMemory: (id, sinceMs, waitMs) => ranOutOfMemory(calls, id, sinceMs, waitMs),
    exec: (id, argv) => startExec(calls, held, id, argv),
    countExecs: (id, argv) => countExecs(calls, id, argv),
    machines: async () => [],
    close: async () => calls.close(),
  };
}

async function readOwnMap(): Promise<string> {
  return await readFile('/proc/self/uid_map', 'utf8');
}
