import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Bench } from './base/bench.ts';
import { readOptions } from './base/options.ts';
import type { Family, Row } from './base/row.ts';
import { burst } from './rows/burst.ts';
import { checkpoints } from './rows/checkpoints.ts';
import { contexts } from './rows/contexts.ts';
import { create } from './rows/create.ts';
import { execute } from './rows/execute.ts';
import { files } from './rows/files.ts';
import { firstResult } from './rows/first-result.ts';
import { metrics } from './rows/metrics.ts';
import { pandas } from './rows/pandas.ts';
import { shell } from './rows/shell.ts';
import { streams } from './rows/streams.ts';
import { terminals } from './rows/terminals.ts';
import { throughput } from './rows/throughput.ts';
import { transfer } from './rows/transfer.ts';
import { trees } from './rows/trees.ts';
import { wake } from './rows/wake.ts';
import { toTable } from './table.ts';

const FAMILIES: readonly Family[] = [
  execute,
  pandas,
  shell,
  files,
  create,
  firstResult,
  wake,
  transfer,
  throughput,
  burst,
  contexts,
  streams,
  terminals,
  trees,
  checkpoints,
  metrics,
];

const options = readOptions(process.argv.slice(2));
const families = FAMILIES.filter((family) => options.only.length === 0 || options.only.includes(family.id));
if (families.length === 0) fail(`--only takes one or more of ${FAMILIES.map((family) => family.id).join(', ')}.`);
if (spawnSync(process.execPath, [fileURLToPath(new URL('./build.mjs', import.meta.url))], { stdio: 'inherit' }).status)
  fail('The server could not be compiled.');

const startedAt = performance.now();
const bench = await Bench.open(options);
let isStopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    isStopped = true;
    say('\nStopped: removing what the benchmark has made …');
    void bench.close().finally(() => process.exit(130));
  });
}
try {
  const machine = await bench.dockerExec.describe();
  const rows: Row[] = [];
  for (const family of families) {
    if (isStopped) break;
    say(`measuring ${family.id} …`);
    try {
      rows.push(...(await family.measure(bench)));
    } catch (error) {
      // The other rows still count.
      process.exitCode = 1;
      if (!isStopped)
        say(`${family.id} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (!isStopped) await report(machine, rows);
} finally {
  await bench.close();
}

async function report(machine: object, rows: readonly Row[]): Promise<void> {
  process.stdout.write(`${toTable(rows)}\n`);
  await mkdir(dirname(options.json), { recursive: true });
  const whole = {
    at: new Date().toISOString(),
    node: process.version,
    docker: machine,
    isQuick: options.isQuick,
    rows,
  };
  await writeFile(options.json, `${JSON.stringify(whole, null, 2)}\n`);
  say(`JSON: ${options.json}; ${((performance.now() - startedAt) / 1000).toFixed(0)} s in all.`);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function fail(text: string): never {
  say(text);
  process.exit(2);
}
