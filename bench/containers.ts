import { Agent } from 'node:http';
import Docker from 'dockerode';

const PARALLEL_REMOVALS = 4;

/** The engine as the benchmark's own calls reach it: dockerode with kept connections, as any client would have them. */
export function connectEngine(): Docker {
  const docker = new Docker();
  Object.assign(docker.modem, { agent: new Agent({ keepAlive: true }) });
  return docker;
}

/** Removes every container with this label. */
export async function removeContainers(label: string): Promise<void> {
  const docker = connectEngine();
  const found = await docker.listContainers({ all: true, filters: { label: [label] } });
  const removeNext = async (): Promise<void> => {
    for (let next = found.pop(); next; next = found.pop()) {
      await docker.getContainer(next.Id).remove({ force: true, v: true });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_REMOVALS }, removeNext));
}
