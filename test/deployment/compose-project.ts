import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DockerComposeEnvironment, getContainerRuntimeClient } from 'testcontainers';
import { removeAll } from '../support/real-server.ts';
import { ROOT } from './base-images.ts';

const PREFIX = 'clara-deployment';
/** What Compose writes at all that it makes. */
export const PROJECT_LABEL = 'com.docker.compose.project';

/** The project of a run, which is a process, and the beginning of the names of its folders: so the next one knows whose are left. */
export const nameOf = (pid: number) => `${PREFIX}-${pid}`;

/** The name of this run's project, and the beginning of the name of its folders. */
export const PROJECT = nameOf(process.pid);

/** docker-compose.yml for this run's project, by Docker's plugin or by the program that was before it. */
export async function ownProject(): Promise<{
  readonly compose: DockerComposeEnvironment;
  /** What testcontainers calls the container of a service, by which Compose there is. */
  readonly containerOf: (service: string) => string;
}> {
  const isPlugin = await promisify(execFile)('docker', ['compose', 'version']).then(
    () => true,
    () => false,
  );
  const compose = new DockerComposeEnvironment(ROOT, 'docker-compose.yml')
    .withProjectName(PROJECT)
    .withEnvironmentFile('.env.example')
    .withProfiles('production');
  if (isPlugin) return { compose, containerOf: (service) => `${service}-1` };
  compose.withClientOptions({ executable: { standalone: true } });
  return { compose, containerOf: (service) => `${PROJECT}_${service}_1` };
}

/** Removes what runs have left that were killed: containers, networks, volumes, images, sandboxes and folders. */
export async function removeLeftovers(): Promise<void> {
  await removeProjects((pid) => !isRunning(pid));
  for (const name of await readdir(tmpdir())) {
    const pid = pidIn(name);
    if (pid !== undefined && !isRunning(pid)) await removeAll(join(tmpdir(), name));
  }
}

/** Removes containers, networks, volumes and images of the projects of these processes. */
export async function removeProjects(isMeant: (pid: number) => boolean): Promise<void> {
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const isOurs = (name: string | undefined) => {
    const pid = pidIn(name ?? '');
    return pid !== undefined && isMeant(pid);
  };
  for (const { Id, Labels } of await dockerode.listContainers({ all: true })) {
    if (isOurs(Labels[PROJECT_LABEL])) await dockerode.getContainer(Id).remove({ force: true, v: true });
  }
  for (const { Id, Labels } of await dockerode.listNetworks()) {
    if (isOurs(Labels?.[PROJECT_LABEL])) await dockerode.getNetwork(Id).remove();
  }
  for (const { Name, Labels } of (await dockerode.listVolumes()).Volumes) {
    if (isOurs(Labels?.[PROJECT_LABEL])) await dockerode.getVolume(Name).remove();
  }
  for (const { RepoTags } of await dockerode.listImages()) {
    const tag = RepoTags?.find((name) => isOurs(name.split(':')[0]));
    if (tag !== undefined) await dockerode.getImage(tag).remove();
  }
}

function pidIn(name: string): number | undefined {
  const found = /^clara-deployment-(\d+)(?:$|-)/.exec(name)?.[1];
  return found === undefined ? undefined : Number(found);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
