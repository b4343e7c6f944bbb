import { interleave } from '../base/interleave.ts';
import { atLeast, evenWithin, type Family, toRow } from '../base/row.ts';

const CODE = 'print(1)';

/** The smallest execution: what the server itself costs. */
export const execute: Family = {
  id: 'execute',
  measure: (bench) =>
    bench.withServer({}, async ({ client }) => {
      const [container = ''] = await bench.dockerExec.containers(1);
      for (let call = 0; call < bench.count(200, 100); call += 1) await client.execute('warm', CODE);
      const samples = await interleave(
        { count: bench.count(1000, 300), call: () => client.execute('warm', CODE).then(() => undefined) },
        {
          count: bench.count(150, 20),
          call: () => bench.dockerExec.exec(container, ['python3', '-c', CODE]).then(() => undefined),
        },
      );
      return [toRow('execute print(1)', samples, [atLeast(15), evenWithin(5)])];
    }),
};
