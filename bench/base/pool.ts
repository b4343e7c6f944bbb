import type { Bench } from './bench.ts';
import { until } from './pause.ts';
import type { Server } from './server.ts';

const SIZE = 2;

/** An agent and its zygote. */
const WARM_PROCESSES = 2;

/** The variables of a server with a pool; idle sandboxes stay as they are meanwhile. */
export const POOL: Readonly<Record<string, string>> = { SANDBOX_POOL_SIZE: String(SIZE), SANDBOX_PAUSE_AFTER: '0' };

/** Waits until the server has all of its pool ready besides the sandboxes that users have, agents and interpreters up. */
export async function untilPoolIsFull(bench: Bench, server: Server, users: number): Promise<void> {
  const instance = await server.instance();
  await until(
    async () => {
      const running = (await bench.dockerExec.statesOf(instance)).filter(({ state }) => state === 'running');
      if (running.length < users + SIZE) return false;
      const pids = await Promise.all(running.map(({ id }) => bench.dockerExec.agentPids(id).catch(() => [])));
      return pids.every((found) => found.length >= WARM_PROCESSES);
    },
    'The pool was not full within a minute.',
    60_000,
    100,
  );
}
