import type { Bench } from '../base/bench.ts';
import type { Client } from '../base/client.ts';
import { timed } from '../base/interleave.ts';
import { readPssMib } from '../base/process-memory.ts';
import { type Check, type Family, type Row, toRow } from '../base/row.ts';
import type { Server } from '../base/server.ts';
import { toQuantiles } from '../base/statistics.ts';

const CODE = 'print(1)';
const SLOWEST_CREATE_MS = 15_000;
const LONGEST_BLOCK_MS = 100;
const GROWTH_WITH_SANDBOXES = 1.3;
const SERVER_MIB = 150;
const AGENT_MIB = 25;

/** Many creates at once, and what then costs more because there are many. */
export const burst: Family = {
  id: 'burst',
  measure: (bench) =>
    bench.withServer({ SANDBOX_PAUSE_AFTER: '0', SANDBOX_PYTHON_PRELOAD: 'none' }, async (server) => {
      const { client } = server;
      const sandboxes = bench.count(50, 12);
      const samples = bench.count(500, 200);
      const emptyMib = await server.rssMib();
      await client.execute('alone', CODE);
      const alone = await executeTimes(client, samples);
      await server.longestBlock();
      const creates = await Promise.all(
        Array.from({ length: sandboxes }, (_, index) => createTime(client, `burst-${index}`)),
      );
      const block = await server.longestBlock();
      const crowded = await executeTimes(client, samples);
      const ratio = toQuantiles(crowded).p50 / toQuantiles(alone).p50;
      return [
        burstRow(creates),
        {
          ...figure('event loop blocked at most, in the burst', 'ms', block.lateMs, LONGEST_BLOCK_MS),
          note: `the server itself used the CPU for ${block.cpuMs.toFixed(0)} ms of it`,
        },
        toRow('execute print(1), 1 sandbox alive', { ours: alone, theirs: null }),
        {
          ...toRow(`execute print(1), ${sandboxes + 1} sandboxes alive`, { ours: crowded, theirs: null }),
          checks: [
            {
              target: `≤ ${GROWTH_WITH_SANDBOXES} × 1 alive (${ratio.toFixed(2)} ×)`,
              isMet: ratio <= GROWTH_WITH_SANDBOXES,
            },
          ],
        },
        figure('server memory, 0 sandboxes', 'MiB', emptyMib, SERVER_MIB),
        figure(`server memory, ${sandboxes + 1} sandboxes`, 'MiB', await server.rssMib(), SERVER_MIB),
        await agentRow(bench, server),
      ];
    }),
};

async function executeTimes(client: Client, count: number): Promise<number[]> {
  for (let call = 0; call < 100; call += 1) await client.execute('alone', CODE);
  const times: number[] = [];
  for (let call = 0; call < count; call += 1) times.push(await timed(() => client.execute('alone', CODE)));
  return times;
}

/** How long a create takes; the answer where it fails. */
async function createTime(client: Client, user: string): Promise<number | string> {
  const startedAt = performance.now();
  const { status, body } = await client.ask('POST', `/sandbox/${user}/create`);
  return status === 200 ? performance.now() - startedAt : `${status} ${JSON.stringify(body)}`;
}

function burstRow(creates: readonly (number | string)[]): Row {
  const times = creates.filter((time) => typeof time === 'number');
  const failure = creates.find((time) => typeof time === 'string');
  if (times.length === 0) throw new Error(`Every create failed: ${failure}`);
  const slowest = Math.max(...times);
  const checks: Check[] = [
    { target: `all succeed (${times.length} of ${creates.length})`, isMet: times.length === creates.length },
    {
      target: `slowest < ${SLOWEST_CREATE_MS / 1000} s (${(slowest / 1000).toFixed(1)} s)`,
      isMet: slowest < SLOWEST_CREATE_MS,
    },
  ];
  const row = { ...toRow('creates at once', { ours: times, theirs: null }), checks };
  return failure === undefined ? row : { ...row, note: failure };
}

function figure(name: string, unit: 'ms' | 'MiB', value: number, limit: number): Row {
  const row = toRow(name, { ours: [value], theirs: null }, [], unit);
  return { ...row, checks: [{ target: `< ${limit} ${unit}`, isMet: value < limit }] };
}

/** What agent and zygote take in each sandbox; in the p50 column the median sandbox, the check is on the largest. */
async function agentRow({ dockerExec }: Bench, server: Server): Promise<Row> {
  const sizes: number[] = [];
  for (const { id } of await dockerExec.statesOf(await server.instance())) {
    const shares = await Promise.all((await dockerExec.agentPids(id)).map(readPssMib));
    sizes.push(shares.reduce((sum, share) => sum + share, 0));
  }
  const largest = Math.max(...sizes);
  return {
    ...toRow('agent + zygote in each sandbox', { ours: sizes, theirs: null }, [], 'MiB'),
    checks: [{ target: `largest < ${AGENT_MIB} MiB (${largest.toFixed(1)})`, isMet: largest < AGENT_MIB }],
  };
}
