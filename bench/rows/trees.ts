import { type Family, toRow, under } from '../base/row.ts';

/** A node_modules of 20,000 files, of which eight have the text that is searched for, and a folder of 100,000 entries. */
const MAKE = `
import os
for package in range(400):
    folder = f"tree/node_modules/{package}/lib"
    os.makedirs(folder)
    for number in range(50):
        with open(f"{folder}/{number}.js", "w") as file:
            file.write("const value = require('value');\\n" * 60 + ("needle\\n" if number == 7 and package % 50 == 0 else ""))
os.mkdir("many")
for number in range(100_000):
    os.close(os.open(f"many/{number:06}", os.O_CREAT))
`;

const PAGE = 10_000;

/** Searching in many files, warm, and listing a large folder by pages. */
export const trees: Family = {
  id: 'trees',
  measure: (bench) =>
    bench.withServer({}, async ({ client }) => {
      const at = (path: string) => `/sandbox/warm/${path}`;
      const { error } = await client.call('POST', at('execute'), { code: MAKE, timeout: 300 });
      if (error !== null) throw new Error(`The files could not be made: ${error}`);
      const search = () => client.call('POST', at('fs/search'), { query: 'needle', path: 'tree' });
      await search();
      const searched = await samples(bench.count(20, 5), search);
      const pages: number[] = [];
      for (let cursor: unknown = ''; cursor !== null; ) {
        const startedAt = performance.now();
        const page = await client.call('GET', at(`fs?path=many&limit=${PAGE}${cursor && `&cursor=${cursor}`}`));
        pages.push(performance.now() - startedAt);
        cursor = page.next_cursor;
      }
      return [
        toRow('search 20,000 files', { ours: searched, theirs: null }, [under(1000, 'ms')]),
        toRow('page of 10,000 entries', { ours: pages, theirs: null }),
      ];
    }),
};

async function samples(count: number, call: () => Promise<unknown>): Promise<number[]> {
  const taken: number[] = [];
  for (let number = 0; number < count; number += 1) {
    const startedAt = performance.now();
    await call();
    taken.push(performance.now() - startedAt);
  }
  return taken;
}
