import { timed } from '../base/interleave.ts';
import { type Family, toRow } from '../base/row.ts';

const CODE = 'print(1)';

/** What who reads a run as a stream waits for: its first byte, and its end. */
export const streams: Family = {
  id: 'streams',
  measure: (bench) =>
    bench.withServer({}, async ({ client }) => {
      const path = '/sandbox/reader/execute';
      const body = { code: CODE, stream: true };
      const first: number[] = [];
      const whole: number[] = [];
      for (let call = 0; call < bench.count(100, 20); call += 1) await client.execute('reader', CODE);
      for (let call = 0; call < bench.count(500, 100); call += 1) {
        whole.push(
          await timed(async () => {
            first.push(await client.firstByte('POST', path, body));
          }),
        );
      }
      return [
        toRow("stream's first byte", { ours: first, theirs: null }),
        toRow('stream of print(1), whole', { ours: whole, theirs: null }),
      ];
    }),
};
