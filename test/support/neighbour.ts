import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import Docker from 'dockerode';
import type { EngineId } from '../../src/engines/engine.ts';

const IMAGE = process.env.CLARA_TEST_IMAGE ?? 'clara-sandbox:latest';

/** A container on an ordinary bridge, as somebody's service on this machine may be; it serves HTTP on port 8000. */
export interface Neighbour {
  readonly id: EngineId;
  /** The name of its bridge. */
  readonly network: string;
  readonly address: string;
  /** This machine's address on that bridge. */
  readonly gateway: string;
  stop(): Promise<void>;
}

/** Starts one on a network that nobody protects. */
export async function startNeighbour(): Promise<Neighbour> {
  const docker = new Docker();
  const name = `clara-test-${randomUUID()}`;
  const network = await docker.createNetwork({ Name: name });
  const container = await docker.createContainer({
    Image: IMAGE,
    Cmd: ['python3', '-u', '-m', 'http.server', '8000'],
    HostConfig: { NetworkMode: name, Memory: 128 * 2 ** 20 },
  });
  await container.start();
  // It says so when it listens.
  await once(await container.logs({ follow: true, stdout: true, stderr: true }), 'data');
  const card = (await container.inspect()).NetworkSettings.Networks[name];
  return {
    id: container.id as EngineId,
    network: name,
    address: card?.IPAddress ?? '',
    gateway: card?.Gateway ?? '',
    stop: async () => {
      await container.remove({ force: true });
      await network.remove();
    },
  };
}
