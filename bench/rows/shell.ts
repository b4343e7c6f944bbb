import { interleave } from '../base/interleave.ts';
import { atLeast, type Family, toRow } from '../base/row.ts';

/** The smallest shell command. */
export const shell: Family = {
  id: 'shell',
  measure: (bench) =>
    bench.withServer({}, async ({ client }) => {
      const [container = ''] = await bench.dockerExec.containers(1);
      for (let call = 0; call < bench.count(100, 50); call += 1) await client.shell('warm', 'true');
      const samples = await interleave(
        { count: bench.count(1000, 200), call: () => client.shell('warm', 'true').then(() => undefined) },
        {
          count: bench.count(150, 15),
          call: () => bench.dockerExec.exec(container, ['sh', '-c', 'true']).then(() => undefined),
        },
      );
      return [toRow('shell true', samples, [atLeast(15)])];
    }),
};
