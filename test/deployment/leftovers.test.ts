import { execFile } from 'node:child_process';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { GenericContainer, getContainerRuntimeClient } from 'testcontainers';
import { afterEach, expect, it } from 'vitest';
import { ensureBaseImage } from '../support/base-image.ts';
import { removeAll } from '../support/real-server.ts';
import { nameOf, PROJECT, PROJECT_LABEL, removeLeftovers, removeProjects } from './compose-project.ts';

let own: string | undefined;

afterEach(async () => {
  if (own !== undefined) await removeAll(own);
  await removeProjects((pid) => pid === process.pid);
});

/** The number of a process that has ended. */
async function endedProcess(): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ['-p', 'process.pid']);
  return Number(stdout);
}

/** The projects of which there is a container, a network or a volume. */
async function projects(): Promise<Set<string | undefined>> {
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const things = [
    ...(await dockerode.listContainers({ all: true })),
    ...(await dockerode.listNetworks()),
    ...(await dockerode.listVolumes()).Volumes,
  ];
  return new Set(things.map(({ Labels }) => Labels?.[PROJECT_LABEL]));
}

it('what a run has left that was killed is gone with the next one, and what another run has is not', async () => {
  const killed = nameOf(await endedProcess());
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const image = await ensureBaseImage('python:3.12-slim');
  for (const project of [killed, PROJECT]) {
    const labels = { [PROJECT_LABEL]: project };
    await dockerode.createVolume({ Name: `${project}_data`, Labels: labels });
    await new GenericContainer(image)
      .withLabels(labels)
      .withBindMounts([{ source: `${project}_data`, target: '/data' }])
      .withCommand(['sleep', 'infinity'])
      .start();
  }
  const left = await mkdtemp(join(tmpdir(), `${killed}-`));
  own = await mkdtemp(join(tmpdir(), `${PROJECT}-`));

  await removeLeftovers();

  const found = await projects();
  expect([found.has(killed), found.has(PROJECT)]).toEqual([false, true]);
  const folders = await readdir(tmpdir());
  expect([folders.includes(basename(left)), folders.includes(basename(own))]).toEqual([false, true]);
});
