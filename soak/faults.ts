import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { EngineProxy } from '../test/support/engine-proxy.ts';
import { readTraces } from '../test/support/traces.ts';
import type { Random } from './random.ts';

const run = promisify(execFile);

/**
 * What a soak breaks, one after the other. A pause from outside is not among them: where it meets the start of the same container, Docker 20.10
 * holds that container's lock for good, and nothing but a restart of the engine helps.
 */
export const FAULTS = [
  'agent killed',
  'streams cut',
  'engine stalls',
  'container killed',
  'engine hangs',
  'container removed',
] as const;

type Fault = (typeof FAULTS)[number];

/** How long the engine is away, in milliseconds: longer than what makes the server ask its agents, shorter than what it waits for them. */
const AWAY_MS = 4_000;

/** A command to an engine that hangs is given up, in milliseconds. */
const DOCKER_MS = 60_000;

/** Breaks one thing, for a container one that is picked at random, and mends what does not mend itself; one that is just going away is no fault. */
export async function injectFault(fault: Fault, dataDir: string, proxy: EngineProxy, random: Random): Promise<void> {
  if (fault === 'streams cut') proxy.cut();
  else if (fault === 'engine stalls') {
    proxy.stall();
    await pause(AWAY_MS);
    proxy.flow();
  } else if (fault === 'engine hangs') {
    proxy.hang();
    await pause(AWAY_MS);
    proxy.restore();
  } else {
    const { containers } = await readTraces(dataDir);
    const id = containers[random(Math.max(1, containers.length))];
    if (id) await run('docker', toArguments(fault, id), { timeout: DOCKER_MS }).catch(() => undefined);
  }
}

function toArguments(fault: Fault, id: string): string[] {
  if (fault === 'agent killed') return ['exec', '-u', '0', id, 'pkill', '-9', 'clara-agent'];
  return fault === 'container killed' ? ['kill', id] : ['rm', '-f', '-v', id];
}
