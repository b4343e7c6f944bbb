import { isSandboxError, SandboxError } from '../../base/errors.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { type HaltingParts, halt } from './halting.ts';

/** How long a pause waits for measurements that are under way, in milliseconds. */
const MEASURED_MS = 8_000;

/** Ends the work of sandboxes because somebody, or the life of one, asks for that: nothing that is no resume ends it. Whoever calls holds the sandbox's mutex. */
export class Suspension {
  readonly #parts: HaltingParts;

  constructor(parts: HaltingParts) {
    this.#parts = parts;
  }

  /** Freezes it with its memory, whatever runs in it; throws `conflict` where it is stopped. */
  async freeze(sandbox: Sandbox): Promise<void> {
    const { lifecycle, clock, store } = this.#parts;
    requireUp(sandbox);
    if (sandbox.state === 'running') await sandbox.whenMeasured(MEASURED_MS);
    try {
      await lifecycle.pause(sandbox);
    } catch (error) {
      if (isSandboxError(error, 'not_found') || isSandboxError(error, 'conflict')) {
        await lifecycle.recover(sandbox, error);
        requireUp(sandbox);
      }
      throw error;
    }
    const { record } = sandbox;
    if (!record || record.pausedAtMs !== null) return;
    sandbox.record = { ...record, pausedAtMs: clock.wallMs() };
    await store.write(sandbox.record);
  }

  /** Ends what runs in it, and no use starts it; without grace its programs are not asked. */
  async halt(sandbox: Sandbox, hasGrace: boolean): Promise<void> {
    await halt(this.#parts, sandbox, 'requested', hasGrace ? {} : { graceSeconds: 0 });
  }
}

function requireUp(sandbox: Sandbox): void {
  if (sandbox.isUp) return;
  throw new SandboxError('conflict', 'The sandbox is stopped: nothing runs in it that could be paused.');
}
