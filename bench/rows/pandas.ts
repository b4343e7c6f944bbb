import type { Client } from '../base/client.ts';
import { interleave, timed } from '../base/interleave.ts';
import { until } from '../base/pause.ts';
import { atLeast, type Family, toRow } from '../base/row.ts';

const CODE = 'import pandas';
const IS_PRELOADED = 'import sys; print("pandas" in sys.modules); import pandas';

/** A heavy import: the first of a sandbox, and those after its interpreter has learnt it. */
export const pandas: Family = {
  id: 'pandas',
  measure: (bench) =>
    bench.withServer({}, async ({ client }) => {
      const [container = ''] = await bench.dockerExec.containers(1);
      const throughExec = () => bench.dockerExec.exec(container, ['python3', '-c', CODE]).then(() => undefined);
      await throughExec();
      const first = { ours: [] as number[], theirs: [] as number[] };
      const users = Array.from({ length: bench.count(6, 2) }, (_, index) => `first-${index}`);
      for (const user of users) {
        await client.execute(user, 'print(1)');
        first.ours.push(await timed(() => client.execute(user, CODE)));
        await untilPreloaded(client, user);
        first.theirs.push(await timed(throughExec));
      }
      const [user = ''] = users;
      const warm = await interleave(
        { count: bench.count(500, 100), uncounted: 2, call: () => client.execute(user, CODE).then(() => undefined) },
        { count: bench.count(30, 4), uncounted: 0, call: throughExec },
        bench.count(10, 2),
      );
      return [toRow('execute import pandas, first', first), toRow('execute import pandas, warm', warm, [atLeast(20)])];
    }),
};

async function untilPreloaded(client: Client, user: string): Promise<void> {
  const isPreloaded = async () => (await client.execute(user, IS_PRELOADED)).startsWith('True');
  await until(isPreloaded, 'pandas was not preloaded within a minute of its first import.');
}
