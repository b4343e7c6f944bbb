import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { EngineLine } from '../test/support/engine-line.ts';
import { readTraces } from '../test/support/traces.ts';
import type { Random } from './random.ts';

const run = promisify(execFile);

/** What a soak breaks. */
const FAULTS = ['agent killed', 'container killed', 'container removed', 'streams cut'] as const;

/** Breaks one thing, picked at random, and resolves with its name; a sandbox that is just going away is no fault. */
export async function injectFault(dataDir: string, line: EngineLine, random: Random): Promise<string> {
  const fault = FAULTS[random(FAULTS.length)] ?? 'streams cut';
  if (fault === 'streams cut') line.cut();
  else {
    const { containers } = await readTraces(dataDir);
    const id = containers[random(Math.max(1, containers.length))];
    if (id) await run('docker', toArguments(fault, id)).catch(() => undefined);
  }
  return fault;
}

function toArguments(fault: string, id: string): string[] {
  if (fault === 'agent killed') return ['exec', '-u', '0', id, 'pkill', '-9', 'python3'];
  return fault === 'container killed' ? ['kill', id] : ['rm', '-f', id];
}
