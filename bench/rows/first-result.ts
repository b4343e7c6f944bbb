import type { Bench } from '../base/bench.ts';
import type { Client } from '../base/client.ts';
import { interleave, timed } from '../base/interleave.ts';
import { POOL, untilPoolIsFull } from '../base/pool.ts';
import { atLeast, type Family, type Row, toRow, under } from '../base/row.ts';

const CODE = 'print(1)';

/** What a new user waits for: create, then the result of the first execution. */
export const firstResult: Family = {
  id: 'first-result',
  measure: async (bench) => [await cold(bench), await fromPool(bench)],
};

async function cold(bench: Bench): Promise<Row> {
  return await bench.withServer({}, async ({ client }) => {
    let users = 0;
    const samples = await interleave(
      {
        count: bench.count(20, 4),
        uncounted: 0,
        call: async () => {
          users += 1;
          const elapsed = await timed(() => createAndExecute(client, `cold-${users}`));
          await client.call('DELETE', `/sandbox/cold-${users}`);
          return elapsed;
        },
      },
      { count: bench.count(20, 4), uncounted: 0, call: () => throughEngine(bench) },
      bench.count(20, 4),
    );
    return toRow('create + first result, cold', samples);
  });
}

async function fromPool(bench: Bench): Promise<Row> {
  return await bench.withServer(POOL, async (server) => {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let user = 0; user < bench.count(20, 4); user += 1) {
      await untilPoolIsFull(bench, server, user);
      ours.push(await timed(() => createAndExecute(server.client, `pooled-${user}`)));
      await untilPoolIsFull(bench, server, user + 1);
      theirs.push(await throughEngine(bench));
    }
    return toRow('create + first result, from the pool', { ours, theirs }, [atLeast(10), under(30, 'ms')]);
  });
}

async function createAndExecute(client: Client, user: string): Promise<void> {
  await client.call('POST', `/sandbox/${user}/create`);
  await client.execute(user, CODE);
}

async function throughEngine({ dockerExec }: Bench): Promise<number> {
  let id = '';
  const elapsed = await timed(async () => {
    id = await dockerExec.createAndStart();
    await dockerExec.exec(id, ['python3', '-c', CODE]);
  });
  await dockerExec.remove(id);
  return elapsed;
}
