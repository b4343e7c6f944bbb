import { z } from 'zod';
import { SandboxError } from '../../base/errors.ts';
import type { EngineInfo } from '../engine.ts';
import { canLimitSockets } from '../hardening/socket-memory.ts';
import { groupsVersion } from './control-groups.ts';
import { meaningOf } from './errors.ts';
import type { IncusCalls } from './incus-calls.ts';
import { toUnlimited, WARNINGS_PATH } from './warnings.ts';

const serverSchema = z.object({
  auth: z.string(),
  environment: z
    .object({
      server_version: z.string(),
    })
    .optional(),
});

const resourcesSchema = z.object({
  cpu: z.object({ total: z.number() }),
  memory: z.object({ total: z.number() }),
});

/** The filters of system calls that a container can have. */
export const CONTAINER_FILTERS = ['strict', 'engine'] as const satisfies EngineInfo['seccomp'];

/** What Incus says about itself and the machine it runs on, whose sandboxes are containers. */
export async function readFacts(calls: IncusCalls, timeoutMs: number): Promise<EngineInfo> {
  const server = serverSchema.parse(await calls.get('describe itself', '/1.0', timeoutMs));
  await requireProject(calls, timeoutMs);
  const { cpu, memory } = resourcesSchema.parse(await calls.get('describe the machine', '/1.0/resources', timeoutMs));
  return {
    version: server.environment?.server_version ?? 'unknown',
    cpus: cpu.total,
    memoryBytes: memory.total,
    runtimes: [],
    hasGpus: false,
    seccomp: CONTAINER_FILTERS,
    mapsUsers: true,
    unlimited: await readUnlimited(calls, timeoutMs),
    limitsSockets: await canLimitSockets(await groupsVersion()),
  };
}

/** A server that is let into its own project only is told nothing of the machine. */
async function readUnlimited(calls: IncusCalls, timeoutMs: number): Promise<readonly string[]> {
  try {
    return toUnlimited(await calls.get('tell what it lacks', WARNINGS_PATH, timeoutMs));
  } catch (error) {
    if (meaningOf(error) !== 'not-allowed') throw error;
    return [];
  }
}

/** An Incus without the project has nothing that a sandbox could be made of. */
async function requireProject(calls: IncusCalls, timeoutMs: number): Promise<void> {
  try {
    await calls.get('look for its project', `/1.0/projects/${encodeURIComponent(calls.project)}`, timeoutMs);
  } catch (error) {
    if (meaningOf(error) !== 'not-found') throw error;
    const sentence = `Incus has no project ${calls.project}: run npm run incus, which makes it with its pool and its image.`;
    throw new SandboxError('unavailable', sentence, { cause: error });
  }
}
