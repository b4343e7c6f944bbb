import { frozenTimesOf } from '../base/frozen-times.ts';
import { type Family, toRow, under } from '../base/row.ts';

/** 100 MB that no file system can leave out, which are on disk before the first checkpoint. */
const FILL = 'head -c 100000000 /dev/urandom > data && sync';

/** A checkpoint of a sandbox with 100 MB, and for how long it is frozen; by shared blocks where the file system of TMPDIR can. */
export const checkpoints: Family = {
  id: 'checkpoints',
  measure: (bench) =>
    bench.withServer({}, async (server) => {
      const { client } = server;
      const url = '/sandbox/warm/checkpoints';
      const taken: number[] = [];
      await client.shell('warm', FILL);
      const sinceMs = Date.now();
      for (let round = 0; round < bench.count(12, 4); round += 1) {
        const startedAt = performance.now();
        const { id } = await client.call('POST', url, { name: `number ${round}` });
        taken.push(performance.now() - startedAt);
        await client.call('DELETE', `${url}/${id}`);
      }
      const frozen = await frozenTimesOf(await server.instance(), sinceMs);
      if (frozen.length !== taken.length) throw new Error(`${taken.length} checkpoints froze ${frozen.length} times.`);
      return [
        toRow('checkpoint of 100 MB', { ours: taken, theirs: null }),
        toRow('frozen for it', { ours: frozen, theirs: null }, [under(400, 'ms')]),
      ];
    }),
};
