import type { Bench } from '../base/bench.ts';
import { interleave, timed } from '../base/interleave.ts';
import { POOL, untilPoolIsFull } from '../base/pool.ts';
import { type Family, type Row, toRow } from '../base/row.ts';

/** POST create: made for the caller, and taken from the pool. */
export const create: Family = {
  id: 'create',
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
          const elapsed = await timed(() => client.call('POST', `/sandbox/cold-${users}/create`));
          await client.call('DELETE', `/sandbox/cold-${users}`);
          return elapsed;
        },
      },
      { count: bench.count(20, 4), uncounted: 0, call: () => createThroughEngine(bench) },
      bench.count(20, 4),
    );
    return toRow('create, cold', samples);
  });
}

async function fromPool(bench: Bench): Promise<Row> {
  return await bench.withServer(POOL, async (server) => {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let user = 0; user < bench.count(20, 4); user += 1) {
      await untilPoolIsFull(bench, server, user);
      ours.push(await timed(() => server.client.call('POST', `/sandbox/pooled-${user}/create`)));
      await untilPoolIsFull(bench, server, user + 1);
      theirs.push(await createThroughEngine(bench));
    }
    return toRow('create, from the pool', { ours, theirs });
  });
}

async function createThroughEngine({ dockerExec }: Bench): Promise<number> {
  let id = '';
  const elapsed = await timed(async () => {
    id = await dockerExec.createAndStart();
  });
  await dockerExec.remove(id);
  return elapsed;
}
