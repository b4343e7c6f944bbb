import type { AgentLink } from '../../agent/link/link.ts';
import { withDeadline } from '../../async/deadline.ts';
import type { Sandbox } from '../registry/sandbox.ts';

/** How long the answer to a lost call may wait for this, in milliseconds. */
const SURVIVAL_MS = 2_000;

/**
 * Whether a sandbox that has lost its agent under a call runs on. The proof is another agent, which the next call needs in any case, or
 * that agents end in it again and again; a sandbox that was stopped or started anew meanwhile is left alone.
 */
export async function runsOn(sandbox: Sandbox, link: AgentLink | null): Promise<boolean> {
  const connected = sandbox.mutex.run(async () => {
    if (!link || sandbox.link !== link || sandbox.state !== 'running') return false;
    if (!link.isGivenUp) await link.connect();
    return true;
  });
  return await withDeadline(connected, SURVIVAL_MS, 'No agent answers in the sandbox.').catch(() => false);
}
