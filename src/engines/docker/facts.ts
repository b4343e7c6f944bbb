import { z } from 'zod';
import type { EngineInfo, SystemCallFilter } from '../engine.ts';
import type { UserMapping } from './users.ts';

const infoSchema = z.object({
  ServerVersion: z.string(),
  NCPU: z.number(),
  MemTotal: z.number(),
  DockerRootDir: z.string(),
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
  SecurityOptions: z.array(z.string()).nullish(),
  MemoryLimit: z.boolean().nullish(),
  CpuCfsQuota: z.boolean().nullish(),
  PidsLimit: z.boolean().nullish(),
  CgroupVersion: z.string().nullish(),
  LiveRestoreEnabled: z.boolean().nullish(),
});

/** What an engine says about itself, who the users of its containers are, and what holds their limits. */
export interface DockerFacts {
  readonly info: Omit<EngineInfo, 'mapsUsers' | 'limitsSockets' | 'seccomp'> & {
    readonly seccomp: readonly SystemCallFilter[];
  };
  readonly users: UserMapping;
  /** Version of the control groups. */
  readonly cgroups: 1 | 2;
  /** Whether a volume of the engine's can limit the terminals of a container. */
  readonly limitsTerminals: boolean;
}

/** Reads an engine's answer to "info"; throws a ZodError where it is none. */
export function toFacts(answer: unknown): DockerFacts {
  const engine = infoSchema.parse(answer);
  const options = (engine.SecurityOptions ?? []).map(toOption);
  const names = new Set(options.map(({ name }) => name));
  return {
    info: {
      version: engine.ServerVersion,
      cpus: engine.NCPU,
      memoryBytes: engine.MemTotal,
      runtimes: Object.keys(engine.Runtimes ?? {}),
      hasGpus: 'nvidia' in (engine.Runtimes ?? {}),
      seccomp: toFilters(options.find(({ name }) => name === 'seccomp')),
      unlimited: [
        ...(engine.MemoryLimit === false ? ['memory'] : []),
        ...(engine.CpuCfsQuota === false ? ['CPU'] : []),
        ...(engine.PidsLimit === false ? ['processes'] : []),
      ],
    },
    users: toUserMapping(names, engine.DockerRootDir),
    cgroups: engine.CgroupVersion === '2' ? 2 : 1,
    limitsTerminals: canLimitTerminals(names, engine.LiveRestoreEnabled === true),
  };
}

/** An option such as `name=seccomp,profile=default`. */
function toOption(text: string): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(text.split(',').map((part) => part.split('=', 2)));
}

/** An engine may be told to filter nothing by default; a filter that it is given with a container holds all the same. */
function toFilters(seccomp: Readonly<Record<string, string | undefined>> | undefined): readonly SystemCallFilter[] {
  if (!seccomp) return [];
  return seccomp.profile === 'unconfined' ? ['strict'] : ['strict', 'engine'];
}

/**
 * Under SELinux the volume would lack the label of its container, and the users of a rootless engine need not have the group of
 * terminals. With live-restore an engine loses count of who uses volumes, and then does not remove them.
 */
function canLimitTerminals(options: ReadonlySet<string | undefined>, hasLiveRestore: boolean): boolean {
  return !options.has('selinux') && !options.has('rootless') && !hasLiveRestore;
}

/** With userns-remap the engine keeps its data in a folder that is named after the first user and group of the range. */
function toUserMapping(options: ReadonlySet<string | undefined>, rootDir: string): UserMapping {
  if (options.has('rootless')) return { mode: 'rootless' };
  if (!options.has('userns')) return { mode: 'same' };
  const [, uid, gid] = /\/(\d+)\.(\d+)$/.exec(rootDir) ?? [];
  return uid === undefined || gid === undefined
    ? { mode: 'unknown' }
    : { mode: 'remapped', first: { uid: Number(uid), gid: Number(gid) } };
}
