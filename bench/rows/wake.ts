import type { Bench } from '../base/bench.ts';
import { interleave, timed } from '../base/interleave.ts';
import { until } from '../base/pause.ts';
import { type Family, type Row, toRow, under } from '../base/row.ts';

const CODE = 'print(1)';

/** The first execution in a sandbox that was paused, and in one that was stopped. */
export const wake: Family = {
  id: 'wake',
  measure: async (bench) => [await fromPause(bench), await fromStop(bench)],
};

async function fromPause(bench: Bench): Promise<Row> {
  return await bench.withServer({ SANDBOX_PAUSE_AFTER: '1' }, async (server) => {
    const { dockerExec } = bench;
    const [container = ''] = await dockerExec.containers(1);
    const users = Array.from({ length: bench.count(8, 4) }, (_, index) => `sleeper-${index}`);
    for (const user of users) await server.client.execute(user, CODE);
    const instance = await server.instance();
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < bench.count(4, 1); round += 1) {
      await until(
        async () => (await dockerExec.statesOf(instance)).every(({ state }) => state === 'paused'),
        'The sandboxes were not paused within a minute.',
      );
      for (const user of users) {
        ours.push(await timed(() => server.client.execute(user, CODE)));
        await dockerExec.pause(container);
        theirs.push(
          await timed(async () => {
            await dockerExec.resume(container);
            await dockerExec.exec(container, ['python3', '-c', CODE]);
          }),
        );
      }
    }
    return toRow('wake from pause + execute', { ours, theirs }, [under(40, 'ms')]);
  });
}

async function fromStop(bench: Bench): Promise<Row> {
  return await bench.withServer({}, async ({ client }) => {
    const { dockerExec } = bench;
    const container = await dockerExec.createAndStart();
    await client.execute('sleeper', CODE);
    const samples = await interleave(
      {
        count: bench.count(20, 4),
        uncounted: 0,
        call: async () => {
          await client.call('POST', '/sandbox/sleeper/stop');
          return await timed(() => client.execute('sleeper', CODE));
        },
      },
      {
        count: bench.count(20, 4),
        uncounted: 0,
        call: async () => {
          await dockerExec.stop(container);
          return await timed(async () => {
            await dockerExec.start(container);
            await dockerExec.exec(container, ['python3', '-c', CODE]);
          });
        },
      },
      bench.count(20, 4),
    );
    await dockerExec.remove(container);
    return toRow('wake from stop + execute', samples, [under(400, 'ms')]);
  });
}
