import type { ContainerInfo, ContainerInspectInfo } from 'dockerode';
import type { EngineId, EngineSandbox, EngineState } from '../engine.ts';
import { type DockerCalls, isDockerName } from './docker-calls.ts';
import { statusOf } from './errors.ts';
import { TERMINALS_PATH } from './terminals.ts';

/** The exit code of what SIGKILL has ended. */
const KILLED = 137;

/** Docker's states: created, running, paused, restarting, removing, exited, dead. */
const STATE_OF: Readonly<Record<string, EngineState>> = {
  created: 'created',
  running: 'running',
  restarting: 'running',
  paused: 'paused',
};

/** The container of exactly this id or name; null where there is none. */
export async function inspectSandbox(calls: DockerCalls, idOrName: string): Promise<EngineSandbox | null> {
  if (!isDockerName(idOrName)) return null;
  try {
    const info = await calls.run({ doing: 'look at the sandbox' }, (docker, abortSignal) =>
      docker.getContainer(calls.path(idOrName)).inspect({ abortSignal }),
    );
    const sandbox = fromInspect(info);
    // Docker also takes the first digits of an id, which could be another sandbox's name.
    return sandbox.id === idOrName || sandbox.name === idOrName ? sandbox : null;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

/** The name of the network that a container was made for; null where it has none of its own, or there is no such container. */
export async function networkOf(calls: DockerCalls, id: EngineId): Promise<string | null> {
  try {
    const info = await calls.run({ doing: 'look at the sandbox' }, (docker, abortSignal) =>
      docker.getContainer(calls.path(id)).inspect({ abortSignal }),
    );
    const mode = info.HostConfig.NetworkMode ?? 'none';
    return mode === 'none' ? null : mode;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

/** Where in a container that was just made the volumes of its image are. */
export async function volumesOf(calls: DockerCalls, id: EngineId): Promise<readonly string[]> {
  const { Mounts: mounts } = await calls.run({ doing: 'look at the sandbox' }, (docker, abortSignal) =>
    docker.getContainer(calls.path(id)).inspect({ abortSignal }),
  );
  const volumes = mounts.filter(({ Type }) => Type === 'volume').map(({ Destination }) => Destination);
  return volumes.filter((path) => path !== TERMINALS_PATH);
}

/** All containers, in any state, that carry all these labels. */
export async function listSandboxes(
  calls: DockerCalls,
  labels: Readonly<Record<string, string>>,
): Promise<readonly EngineSandbox[]> {
  const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const found = await calls.run({ doing: 'list sandboxes' }, (docker, abortSignal) =>
    docker.listContainers({ all: true, filters: { label }, abortSignal }),
  );
  return found.map(fromList);
}

function fromInspect(info: ContainerInspectInfo): EngineSandbox {
  return {
    id: info.Id as EngineId,
    name: withoutSlash(info.Name),
    state: toState(info.State.Status),
    labels: info.Config.Labels ?? {},
    image: info.Config.Image,
    wasKilled: toState(info.State.Status) === 'stopped' && (info.State.OOMKilled || info.State.ExitCode === KILLED),
    bound: toBound(info.Mounts),
  };
}

function fromList(info: ContainerInfo): EngineSandbox {
  return {
    id: info.Id as EngineId,
    name: withoutSlash(info.Names[0] ?? ''),
    state: toState(info.State),
    labels: info.Labels ?? {},
    image: info.Image,
    bound: toBound(info.Mounts),
  };
}

function toBound(mounts: ContainerInfo['Mounts']): Record<string, string> {
  const binds = mounts.filter(({ Type }) => Type === 'bind');
  return Object.fromEntries(binds.map(({ Destination, Source }) => [Destination, Source]));
}

function toState(status: string): EngineState {
  return STATE_OF[status] ?? 'stopped';
}

function withoutSlash(name: string): string {
  return name.startsWith('/') ? name.slice(1) : name;
}
