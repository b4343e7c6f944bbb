import { timed } from '../base/interleave.ts';
import { type Family, over, type Row, toRow } from '../base/row.ts';
import type { Server } from '../base/server.ts';

const CHUNK = Buffer.alloc(256 * 1024, 'x');
const CHUNKS = 256;
const SIZE = CHUNK.length * CHUNKS;
const FILE = '/workspace/big.bin';
const GROWTH_LIMIT_MIB = 32;
const RSS_INTERVAL_MS = 10;

/** 64 MiB into a sandbox's workspace and out of it. */
export const transfer: Family = {
  id: 'transfer',
  measure: (bench) =>
    bench.withServer({}, async (server) => {
      const { client } = server;
      const { dockerExec } = bench;
      const [container = ''] = await dockerExec.containers(1);
      const path = `/sandbox/big/raw?path=${encodeURIComponent(FILE)}`;
      const upload = async () => {
        const status = await client.upload(path, SIZE, chunks());
        if (status >= 400) throw new Error(`The upload was answered with ${status}.`);
      };
      const download = async () => {
        const { status, bytes } = await client.download(path);
        if (status >= 400 || bytes !== SIZE) throw new Error(`The download gave ${bytes} bytes, status ${status}.`);
      };
      await client.execute('big', 'print(1)');
      const samples = { up: pair(), down: pair() };
      const growth = { up: [] as number[], down: [] as number[] };
      for (let round = 0; round < bench.count(6, 2); round += 1) {
        growth.up.push(await growthDuring(server, async () => samples.up.ours.push(await rate(upload))));
        samples.up.theirs.push(
          await rate(() => dockerExec.exec(container, ['sh', '-c', `cat > ${FILE}`], chunks()).then(() => undefined)),
        );
        growth.down.push(await growthDuring(server, async () => samples.down.ours.push(await rate(download))));
        samples.down.theirs.push(await rate(() => dockerExec.exec(container, ['cat', FILE]).then(() => undefined)));
      }
      return [
        toRow('upload 64 MiB', samples.up, [over(100, 'MB/s')], 'MB/s'),
        toRow('download 64 MiB', samples.down, [over(100, 'MB/s')], 'MB/s'),
        growthRow('server memory growth, upload', growth.up),
        growthRow('server memory growth, download', growth.down),
      ];
    }),
};

function pair(): { ours: number[]; theirs: number[] } {
  return { ours: [], theirs: [] };
}

function* chunks(): Generator<Buffer> {
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) yield CHUNK;
}

async function rate(work: () => Promise<void>): Promise<number> {
  return SIZE / 1000 / (await timed(work));
}

function growthRow(name: string, growth: readonly number[]): Row {
  const worst = Math.max(...growth);
  const check = { target: `< ${GROWTH_LIMIT_MIB} MiB`, isMet: worst < GROWTH_LIMIT_MIB };
  return { ...toRow(name, { ours: [worst], theirs: null }, [], 'MiB'), checks: [check] };
}

/** The most by which the server's resident memory rose above where it was before the work. */
async function growthDuring(server: Server, work: () => Promise<unknown>): Promise<number> {
  const before = await server.rssMib();
  let highest = before;
  const look = async () => {
    highest = Math.max(highest, await server.rssMib());
  };
  const timer = setInterval(() => void look(), RSS_INTERVAL_MS);
  try {
    await work();
    await look();
  } finally {
    clearInterval(timer);
  }
  return highest - before;
}
