import type { Clock } from '../../async/clock.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import type { SandboxStore } from '../storage/store.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { StopReason } from './stop-reason.ts';

/** What halting works with. */
export interface HaltingParts {
  readonly lifecycle: Lifecycle;
  readonly store: SandboxStore;
  readonly clock: Clock;
}

/** Ends what runs in a sandbox, and no use starts it until somebody does; whoever calls it holds that sandbox's mutex. */
export async function halt(
  { lifecycle, store, clock }: HaltingParts,
  sandbox: Sandbox,
  reason: StopReason,
  { graceSeconds, mainExitCode }: { readonly graceSeconds?: number | undefined; readonly mainExitCode?: number } = {},
): Promise<void> {
  const before = sandbox.record;
  if (before && before.haltedAtMs === null) {
    const exit = mainExitCode === undefined ? {} : { mainExitCode };
    sandbox.record = { ...before, ...exit, haltedAtMs: clock.wallMs() };
  }
  try {
    await lifecycle.stop(sandbox, reason, graceSeconds);
  } catch (error) {
    if (before && sandbox.record) {
      const { haltedAtMs, mainExitCode } = before;
      // Not the record of before: uses were counted and contexts noted meanwhile, and what was counted may be on disk already.
      sandbox.record = { ...sandbox.record, haltedAtMs, mainExitCode };
      store.writeSoon(sandbox.record);
    }
    throw error;
  }
  if (sandbox.record) await store.write(sandbox.record);
}
