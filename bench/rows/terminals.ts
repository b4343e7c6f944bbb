import type { Bench } from '../base/bench.ts';
import type { Client } from '../base/client.ts';
import { timed } from '../base/interleave.ts';
import { type Family, toRow } from '../base/row.ts';

const USER = 'typist';
const SIZE = { rows: 24, cols: 80 };

/** What who types at a terminal waits for: until it is there, and until a letter is seen. */
export const terminals: Family = {
  id: 'terminals',
  measure: (bench) =>
    bench.withServer({}, async ({ client }) => {
      await client.execute(USER, 'print(1)');
      const { id } = await client.call('POST', `/sandbox/${USER}/processes`, { argv: ['cat'], tty: SIZE });
      const path = `/sandbox/${USER}/processes/${id}/attach`;
      return [
        toRow('attach', { ours: await attachments(bench, client, path), theirs: null }),
        toRow('terminal echo', { ours: await echoes(bench, client, path), theirs: null }),
      ];
    }),
};

async function attachments(bench: Bench, client: Client, path: string): Promise<number[]> {
  const samples: number[] = [];
  for (let call = 0; call < bench.count(200, 40); call += 1) {
    let leave = (): void => undefined;
    samples.push(
      await timed(async () => {
        const viewer = await client.attach(path);
        leave = viewer.leave;
        await viewer.next();
      }),
    );
    leave();
  }
  return samples;
}

/** The terminal itself echoes what is typed, before any program has read it. */
async function echoes(bench: Bench, client: Client, path: string): Promise<number[]> {
  const viewer = await client.attach(path);
  // The message about where it starts.
  await viewer.next();
  const samples: number[] = [];
  for (let call = 0; call < bench.count(500, 100); call += 1) {
    samples.push(
      await timed(async () => {
        viewer.type('a');
        await viewer.next();
      }),
    );
  }
  viewer.leave();
  return samples;
}
