import type { DiskUsage } from '../disks/disk.ts';
import type { EgressBooks } from '../egress/egress-counters.ts';
import { SandboxError } from '../errors.ts';
import type { SandboxAddress } from './address.ts';
import type { Usage } from './metering/usage-meter.ts';
import type { Sandbox } from './sandbox.ts';
import type { SandboxState } from './state.ts';

/** What a client may know of a sandbox. */
export interface SandboxStatus extends Usage {
  readonly address: SandboxAddress;
  readonly state: SandboxState;
  /** The engine's id; empty where the sandbox has no container. */
  readonly engineId: string;
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number;
  readonly executions: number;
  /** How full the disk is; null where nothing limits it, and where it was not measured yet. */
  readonly disk: DiskUsage | null;
  /** What it has used of its way out; null where it does not run, and where its network is not the proxy. */
  readonly egress: EgressBooks | null;
}

/** What it is now, with these figures; throws `not_found` where it never was. */
export function toStatus(sandbox: Sandbox, usage: Usage, disk: DiskUsage | null): SandboxStatus {
  const { record } = sandbox;
  if (!record) throw new SandboxError('not_found', 'Sandbox not found');
  return {
    address: sandbox.address,
    state: sandbox.state,
    engineId: sandbox.engineId ?? record.engineId ?? '',
    createdAtMs: record.createdAtMs,
    lastUsedAtMs: record.lastUsedAtMs,
    executions: record.executions,
    ...usage,
    disk,
    egress: sandbox.egress && { ...sandbox.egress.books },
  };
}
