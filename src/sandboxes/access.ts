import type { AgentConnection } from '../agent/wire/connection.ts';
import type { RunEnding } from '../observability/core-events.ts';
import type { SandboxMemory } from './metering/memory.ts';
import type { LeaseKind } from './registry/leases.ts';
import type { Sandbox } from './registry/sandbox.ts';

/** How a sandbox is to be used. */
export interface UseOptions {
  /** What the use counts as. A `run` counts as an execution of the sandbox too. */
  readonly lease: LeaseKind;
  /** True for work that fills the disk: throws `no_space` if the server's is used up or the sandbox is over a limit that is only measured. */
  readonly needsRoom?: boolean;
  /** False for what is no request of its user, as a visitor's of a preview: the sandbox is as idle as before. True where absent. */
  readonly isUse?: boolean;
  /** True for a use that neither makes nor starts a sandbox: throws `not_found` where there is none, `unreachable` where it is stopped. */
  readonly thawsOnly?: boolean;
}

/** A sandbox in use. */
export interface SandboxAccess {
  readonly connection: AgentConnection;
  readonly memory: SandboxMemory;
  /** What programs get in their environment; undefined where that is nothing. */
  readonly env: Readonly<Record<string, string>> | undefined;
  /** Where programs start that name no folder; undefined for the workspace. */
  readonly cwd: string | undefined;
  /** Asked after the agent was lost: whether its sandbox runs on. */
  readonly runsOn: () => Promise<boolean>;
  /** Notes that code of a caller ended. */
  readonly noteRun: (language: string, tookMs: number, ending: RunEnding) => void;
  /** Whether this server is what ends the work. */
  readonly isServerEnding: () => boolean;
}

/** A sandbox in use until it is released. */
export interface HeldSandbox extends SandboxAccess {
  readonly sandbox: Sandbox;
  /** Says that it is used again, and thaws it where it was frozen meanwhile. */
  wake(): Promise<void>;
  /** Ends the use, once; `error` is what the work threw, null where it went well. */
  release(error: unknown): void;
}
