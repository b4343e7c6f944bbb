import type { Bench } from '../base/bench.ts';
import { callsFor } from '../base/calls-for.ts';
import type { Client } from '../base/client.ts';
import { timed } from '../base/interleave.ts';
import { type Family, over, type Row, toRow, under } from '../base/row.ts';

const CELL = 'x = 1\nx + 1';
const PLOT = 'import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()';
const SANDBOXES = 4;
const CALLERS = 8;

/** Interpreters that remember: a cell of one that lives, one that has to be made, and a figure. */
export const contexts: Family = {
  id: 'contexts',
  measure: async (bench) => [await firstContext(bench), ...(await cells(bench))],
};

async function firstContext(bench: Bench): Promise<Row> {
  return await bench.withServer({}, async ({ client }) => {
    const ours: number[] = [];
    for (let user = 0; user < bench.count(10, 3); user += 1) {
      await client.execute(`fresh-${user}`, 'print(1)');
      ours.push(await timed(() => begin(client, `fresh-${user}`, 'first')));
    }
    return toRow('first context of a sandbox', { ours, theirs: null }, [under(400, 'ms')]);
  });
}

async function cells(bench: Bench): Promise<Row[]> {
  return await bench.withServer({}, async ({ client }) => {
    const users = Array.from({ length: SANDBOXES }, (_, index) => `thinker-${index}`);
    for (const user of users) await begin(client, user, 'warm');
    const [user = ''] = users;
    return [
      toRow('another context', { ours: await others(bench, client, user), theirs: null }, [under(20, 'ms')]),
      toRow('context cell', { ours: await living(bench, client, user), theirs: null }, [under(1.5, 'ms')]),
      await rate(bench, client, users, over(1300, '/s')),
      await rate(bench, client, [user], over(1100, '/s')),
      toRow('plot in a context', { ours: await plots(bench, client, user), theirs: null }, [under(120, 'ms')]),
    ];
  });
}

async function others(bench: Bench, client: Client, user: string): Promise<number[]> {
  const samples: number[] = [];
  for (let made = 0; made < bench.count(20, 5); made += 1) {
    samples.push(await timed(() => begin(client, user, 'another')));
    await client.call('DELETE', `/sandbox/${user}/contexts/another`);
  }
  return samples;
}

async function living(bench: Bench, client: Client, user: string): Promise<number[]> {
  for (let call = 0; call < bench.count(200, 50); call += 1) await cell(client, user);
  const samples: number[] = [];
  for (let call = 0; call < bench.count(1000, 200); call += 1) samples.push(await timed(() => cell(client, user)));
  return samples;
}

async function rate(bench: Bench, client: Client, users: readonly string[], check: ReturnType<typeof over>) {
  const ours: number[] = [];
  for (let round = 0; round < bench.count(3, 1); round += 1) {
    const call = (caller: number) => cell(client, users[caller % users.length] ?? '');
    ours.push((await callsFor(bench.count(4, 2), CALLERS, call)).rate);
  }
  const where = users.length === 1 ? 'one context' : `${users.length} contexts, a sandbox each`;
  return toRow(`cells, ${CALLERS} callers in ${where}`, { ours, theirs: null }, [check], '/s');
}

async function plots(bench: Bench, client: Client, user: string): Promise<number[]> {
  await cell(client, user, PLOT);
  const samples: number[] = [];
  for (let call = 0; call < bench.count(30, 5); call += 1) samples.push(await timed(() => cell(client, user, PLOT)));
  return samples;
}

/** A context and what its first cell shows. */
async function begin(client: Client, user: string, context: string): Promise<void> {
  await client.call('POST', `/sandbox/${user}/contexts`, { id: context });
  await cell(client, user, CELL, context);
}

/** A cell, which has to show one thing. */
async function cell(client: Client, user: string, code = CELL, context = 'warm'): Promise<void> {
  const { success, results } = await client.call('POST', `/sandbox/${user}/contexts/${context}/execute`, { code });
  if (success !== true || !Array.isArray(results) || results.length !== 1)
    throw new Error(`A cell of ${user} showed ${JSON.stringify(results)}.`);
}
