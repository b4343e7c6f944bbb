import { atLeast, type Family, toRow } from '../row.ts';

const CALLERS = 16;
const SANDBOXES = 8;
const CODE = 'print(1)';

/** Executions a second with 16 callers over 8 sandboxes. */
export const throughput: Family = {
  id: 'throughput',
  measure: (bench) =>
    bench.withServer({}, async ({ client }) => {
      const containers = await bench.dockerExec.containers(SANDBOXES);
      const users = Array.from({ length: SANDBOXES }, (_, index) => `busy-${index}`);
      for (const user of users) await client.execute(user, CODE);
      const execute = (caller: number) => client.execute(users[caller % SANDBOXES] ?? '', CODE);
      const throughExec = (caller: number) =>
        bench.dockerExec.exec(containers[caller % SANDBOXES] ?? '', ['python3', '-c', CODE]);
      const seconds = bench.count(4, 2);
      await callsPerSecond(execute, 1);
      const samples = { ours: [] as number[], theirs: [] as number[] };
      for (let round = 0; round < bench.count(3, 1); round += 1) {
        samples.ours.push(await callsPerSecond(execute, seconds));
        samples.theirs.push(await callsPerSecond(throughExec, seconds));
      }
      return [toRow('throughput, 16 callers over 8 sandboxes', samples, [atLeast(15)], '/s')];
    }),
};

/** All callers call again as soon as they are answered, until the time is over; what is under way then counts, and its time. */
async function callsPerSecond(call: (caller: number) => Promise<unknown>, seconds: number): Promise<number> {
  const startedAt = performance.now();
  let calls = 0;
  const work = async (caller: number): Promise<void> => {
    while (performance.now() < startedAt + seconds * 1000) {
      await call(caller);
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, (_, caller) => work(caller)));
  return calls / ((performance.now() - startedAt) / 1000);
}
