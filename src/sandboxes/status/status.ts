import type { SandboxAddress, SandboxId } from '../../base/sandbox-address.ts';
import type { SandboxState } from '../../base/sandbox-state.ts';
import type { Config } from '../../config/config.ts';
import type { DiskUsage } from '../../disks/base/disk.ts';
import type { EgressCounters } from '../../egress/egress-counters.ts';
import { toContainerId } from '../../engines/engine.ts';
import { idleLifeSeconds, type LifePolicy, longestWorkMs } from '../asked/life-policy.ts';
import type { Usage } from '../metering/usage-meter.ts';
import type { AwakeReason } from '../registry/leases.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { WORKSPACE } from '../spec/folders.ts';
import { resolveSpec } from '../spec/sandbox-spec.ts';
import { expiryOf, type SandboxRecord } from '../storage/record.ts';

/** What a client may know of a sandbox. */
export interface SandboxStatus extends Usage {
  readonly id: SandboxId;
  readonly address: SandboxAddress;
  /** `deleted`: it does not exist and has files. */
  readonly state: SandboxState | 'deleted';
  /** The engine's id; empty where the sandbox has no container. */
  readonly engineId: string;
  /** The twelve hex digits by which clients know it in the engine; empty where it never was in one. */
  readonly containerId: string;
  readonly image: string;
  /** The name of its image as it was asked for; null for the configuration's. */
  readonly imageName: string | null;
  /** True where somebody had it stopped so that no use starts it. */
  readonly isHalted: boolean;
  readonly life: LifePolicy;
  /** Where its programs start and its relative paths begin. */
  readonly cwd: string;
  /** What its maker calls it; null where nobody gave it a name. */
  readonly name: string | null;
  /** The name of the principal that made it; null where nobody knows. */
  readonly createdBy: string | null;
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number;
  readonly executions: number;
  readonly labels: Readonly<Record<string, string>>;
  /** When it was started last, on the wall clock; null where nobody knows. */
  readonly startedAtMs: number | null;
  /** When somebody had it stopped, or its main process ended, on the wall clock; null while it is not. */
  readonly haltedAtMs: number | null;
  /** How its main process ended; null while that has not. */
  readonly mainExitCode: number | null;
  /** What the dialect that made it keeps of it. */
  readonly notes: Readonly<Record<string, unknown>>;
  /** What its programs get in their environment; the values may be secrets. */
  readonly env: Readonly<Record<string, string>>;
  readonly memoryLimitBytes: number;
  /** Names its preview hosts; null where nothing does. */
  readonly previewId: string | null;
  /** Its volumes by their ids, and where each is mounted. */
  readonly volumes: readonly { readonly id: string; readonly path: string }[];
  /** By name, those that it is connected to. */
  readonly networks: readonly string[];
  /** Names of its variables; their values may be secrets. */
  readonly envNames: readonly string[];
  /** When it ends by itself, on the wall clock; null where it does not. */
  readonly expiresAtMs: number | null;
  /** Why it is neither paused nor stopped for idleness; of its programs, as they were last looked at. */
  readonly awakeBecause: readonly AwakeReason[];
  /** Until when it stays awake if nothing happens, on the wall clock; null where it does not run, and where nothing says so. */
  readonly awakeUntilMs: number | null;
  readonly lastStop: SandboxRecord['lastStop'];
  /** How full the disk is; null where nothing limits it, and where it was not measured yet. */
  readonly disk: DiskUsage | null;
  /** What it has used of its way out; null where it does not run, and where its network is not the proxy. */
  readonly egress: EgressCounters | null;
}

/** What is to be known of a sandbox beside its record. */
interface StatusParts {
  /** Undefined where it is not in memory: then nothing of it runs. */
  readonly sandbox: Sandbox | undefined;
  readonly usage: Usage;
  readonly disk: DiskUsage | null;
  readonly config: Config;
}

/** What the sandbox of this record is now, with these figures. */
export function toStatus(record: SandboxRecord, { sandbox, usage, disk, config }: StatusParts): SandboxStatus {
  const engineId = sandbox?.engineId ?? record.engineId ?? '';
  return {
    id: record.id as SandboxId,
    address: record.address,
    state: stateOf(record.deletedAtMs, sandbox),
    engineId,
    containerId: engineId === '' ? '' : toContainerId(engineId),
    image: resolveSpec(config, record.asked).image,
    imageName: record.asked.imageName ?? record.asked.image ?? null,
    isHalted: record.haltedAtMs !== null,
    life: record.life,
    cwd: record.cwd ?? WORKSPACE,
    name: record.name,
    startedAtMs: record.startedAtMs,
    haltedAtMs: record.haltedAtMs,
    mainExitCode: record.mainExitCode,
    notes: record.notes,
    env: record.env,
    previewId: record.previewId,
    volumes: record.asked.volumes ?? [],
    networks: record.networks,
    memoryLimitBytes: resolveSpec(config, record.asked).memoryBytes,
    createdBy: record.createdBy,
    createdAtMs: record.createdAtMs,
    lastUsedAtMs: record.lastUsedAtMs,
    executions: record.executions,
    labels: record.labels,
    envNames: Object.keys(record.env).sort(),
    expiresAtMs: expiryOf(record),
    ...awakeOf(record, sandbox, config),
    lastStop: record.lastStop,
    ...usage,
    disk,
    egress: sandbox?.egress ? { ...sandbox.egress.counters } : null,
  };
}

/** The state of a sandbox that has a record. */
export function stateOf(deletedAtMs: number | null, sandbox: Sandbox | undefined): SandboxState | 'deleted' {
  if (deletedAtMs !== null) return 'deleted';
  return sandbox && sandbox.state !== 'absent' ? sandbox.state : 'stopped';
}

/** A sandbox that somebody waits for is awake for as long as that takes; one that works so long after the last request, an idle one less. */
function awakeOf(
  { life, lastUsedAtMs }: SandboxRecord,
  sandbox: Sandbox | undefined,
  config: Config,
): Pick<SandboxStatus, 'awakeBecause' | 'awakeUntilMs'> {
  if (sandbox?.state !== 'running') return { awakeBecause: [], awakeUntilMs: null };
  const { busy } = sandbox.leases;
  const awakeBecause = [...busy, ...sandbox.worksAt(0)];
  if (busy.length > 0) return { awakeBecause, awakeUntilMs: null };
  const workedSeconds = Math.max(0, sandbox.workedAtMs - sandbox.lastUsedMs) / 1000;
  const idleSeconds = idleLifeSeconds(life, config, workedSeconds);
  const seconds =
    awakeBecause.length > 0 ? Math.max(longestWorkMs(life, config.backgroundSeconds) / 1000, idleSeconds) : idleSeconds;
  return { awakeBecause, awakeUntilMs: Number.isFinite(seconds) ? lastUsedAtMs + seconds * 1000 : null };
}
