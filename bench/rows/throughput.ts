import type { Bench } from '../base/bench.ts';
import { callsFor } from '../base/calls-for.ts';
import { readEngineCpuMs, readGroupCpuMs, readProcessCpuMs } from '../base/cpu-time.ts';
import { atLeast, type Family, type Row, toRow } from '../base/row.ts';
import type { Server } from '../base/server.ts';

const CALLERS = 16;
const SANDBOXES = 8;
const CODE = 'print(1)';

/** Executions a second with 16 callers over 8 sandboxes, and who uses how much of the CPU for one of them. */
export const throughput: Family = {
  id: 'throughput',
  measure: (bench) =>
    bench.withServer({}, async (server) => {
      const { client } = server;
      const containers = await bench.dockerExec.containers(SANDBOXES);
      const users = Array.from({ length: SANDBOXES }, (_, index) => `busy-${index}`);
      for (const user of users) await client.execute(user, CODE);
      const execute = (caller: number) => client.execute(users[caller % SANDBOXES] ?? '', CODE);
      const throughExec = (caller: number) =>
        bench.dockerExec.exec(containers[caller % SANDBOXES] ?? '', ['python3', '-c', CODE]);
      const seconds = bench.count(4, 2);
      const rounds = bench.count(3, 1);
      const readCpu = await cpuReader(bench, server);
      await callsFor(1, CALLERS, execute);
      const samples = { ours: [] as number[], theirs: [] as number[] };
      const used = new Map<string, number[]>();
      for (let round = 0; round < rounds; round += 1) {
        const before = await readCpu();
        const { calls, rate } = await callsFor(seconds, CALLERS, execute);
        for (const [who, ms] of await readCpu()) {
          used.set(who, [...(used.get(who) ?? []), (ms - (before.get(who) ?? 0)) / calls]);
        }
        samples.ours.push(rate);
        samples.theirs.push((await callsFor(seconds, CALLERS, throughExec)).rate);
      }
      return [
        toRow(`throughput, ${CALLERS} callers over ${SANDBOXES} sandboxes`, samples, [atLeast(15)], '/s'),
        ...[...used].map(([who, ours]): Row => toRow(`CPU of one of those: ${who}`, { ours, theirs: null })),
      ];
    }),
};

/** Reads how much CPU time each part has used so far, in milliseconds. */
async function cpuReader(bench: Bench, server: Server): Promise<() => Promise<Map<string, number>>> {
  const pids = await bench.dockerExec.mainPidsOf(await server.instance());
  return async () => {
    const groups = await Promise.all(pids.map(readGroupCpuMs));
    return new Map([
      ['in the sandbox', groups.reduce((total, ms) => total + ms, 0)],
      ['the server', await readProcessCpuMs(server.pid)],
      ['the engine', await readEngineCpuMs()],
      ['the client', await readProcessCpuMs(process.pid)],
    ]);
  };
}
