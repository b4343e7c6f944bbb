import Docker from 'dockerode';
import { createEngineAgent } from '../../src/engines/docker/engine-agent.ts';

const PARALLEL_REMOVALS = 4;

/** The engine as the benchmark's own calls reach it: with the same kept connections as the server's. */
export function connectEngine(): Docker {
  const docker = new Docker();
  Object.assign(docker.modem, { agent: createEngineAgent('http') });
  return docker;
}

/** Removes every container with this label. */
export async function removeContainers(label: string): Promise<void> {
  const docker = connectEngine();
  const found = await docker.listContainers({ all: true, filters: { label: [label] } });
  const removeNext = async (): Promise<void> => {
    for (let next = found.pop(); next; next = found.pop()) {
      await docker.getContainer(next.Id).remove({ force: true, v: true }).catch(unlessGone);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_REMOVALS }, removeNext));
}

/** Who interrupts the benchmark may remove at the same time: what is gone or going counts as removed. */
function unlessGone(error: unknown): void {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (status !== 404 && status !== 409) throw error;
}
