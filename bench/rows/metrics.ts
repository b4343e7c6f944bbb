import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { toSandboxId } from '../../src/base/sandbox-address.ts';
import { DEFAULT_LIFE } from '../../src/sandboxes/asked/life-policy.ts';
import { newRecord } from '../../src/sandboxes/storage/record.ts';
import { writeRecordFile } from '../../src/sandboxes/storage/record-file.ts';
import type { Bench } from '../base/bench.ts';
import type { Client } from '../base/client.ts';
import { timed } from '../base/interleave.ts';
import { type Family, type Row, toRow, under } from '../base/row.ts';

const KNOWN = 1_000;
const RUNNING = 4;

/** What Prometheus reads of a server that knows 1,000 sandboxes, of which a few run. */
export const metrics: Family = {
  id: 'metrics',
  measure: (bench) =>
    bench.withServer({ SANDBOX_METRICS_PER_SANDBOX: 'true' }, ({ client }) => read(bench, client), writeRecords),
};

async function read(bench: Bench, client: Client): Promise<Row[]> {
  for (let user = 0; user < RUNNING; user += 1) await client.execute(`running-${user}`, 'print(1)');
  const known = await countOf(client);
  if (known !== KNOWN) throw new Error(`The server knows ${known} sandboxes.`);
  const ours: number[] = [];
  for (let call = 0; call < bench.count(200, 40); call += 1) ours.push(await timed(() => client.download('/metrics')));
  return [toRow('/metrics of 1,000 sandboxes', { ours, theirs: null }, [under(50, 'ms')])];
}

async function countOf(client: Client): Promise<number> {
  let count = 0;
  for (let cursor: unknown = ''; cursor !== null; ) {
    const page = await client.call('GET', `/sandbox?limit=1000${cursor && `&cursor=${cursor}`}`);
    count += Array.isArray(page.sandboxes) ? page.sandboxes.length : 0;
    cursor = page.next_cursor;
  }
  return count;
}

async function writeRecords(dataDir: string): Promise<void> {
  for (let made = RUNNING; made < KNOWN; made += 1) {
    const address = { namespace: 'clara', id: randomUUID() };
    const id = toSandboxId(address);
    await mkdir(join(dataDir, id), { recursive: true });
    const request = { asked: {}, life: DEFAULT_LIFE, createdBy: 'master' };
    await writeRecordFile(join(dataDir, id), newRecord({ id, address }, request, Date.now()));
  }
}
