// `npm run soak -- [--seconds 900] [--sandboxes 40] [--guests 4] [--concurrency 6] [--seed 1]`: users, faults, and the counts at the end.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { removeAll } from '../test/support/real-server.ts';
import { soak } from './soak.ts';

const option = { type: 'string' } as const;
const { values } = parseArgs({
  options: { seconds: option, sandboxes: option, guests: option, concurrency: option, seed: option },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const dataDir = await mkdtemp(join(tmpdir(), 'clara-soak-'));
process.stdout.write(`seed ${seed}\n`);
try {
  const result = await soak({
    dataDir,
    seconds: Number(values.seconds ?? 900),
    sandboxes: Number(values.sandboxes ?? 40),
    guests: Number(values.guests ?? 4),
    concurrency: Number(values.concurrency ?? 6),
    seed,
  });
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  const leaks = Object.values(result.leaks).flat().length;
  process.exitCode = result.wrongAnswers + result.lostWrites + leaks === 0 ? 0 : 1;
} finally {
  await removeAll(dataDir);
}
