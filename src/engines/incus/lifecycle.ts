import { SandboxError } from '../../base/errors.ts';
import type { EngineId, EngineState } from '../engine.ts';
import { meaningOf } from './errors.ts';
import type { IncusCalls } from './incus-calls.ts';
import { inspectSandbox, pathOf } from './instances.ts';

const REMOVAL_POLL_MS = 50;

type Action = 'start' | 'stop' | 'freeze' | 'unfreeze';

/** Starts it; false where it runs already. Throws `conflict` where it is paused. */
export async function startSandbox(calls: IncusCalls, id: EngineId): Promise<boolean> {
  return await settle(calls, id, 'start', 'start the sandbox', 'running');
}

/** Ends all processes at once: the first hears no other signal. */
export async function stopSandbox(calls: IncusCalls, id: EngineId, graceSeconds: number): Promise<void> {
  const timeoutMs = calls.timeoutMs + graceSeconds * 1000;
  try {
    await act(calls, id, 'stop', 'stop the sandbox', timeoutMs);
  } catch (error) {
    const meaning = meaningOf(error);
    if (meaning === 'is-stopped' || meaning === 'not-running') return;
    throw error;
  }
}

/** Freezes it; succeeds where it is frozen. */
export async function pauseSandbox(calls: IncusCalls, id: EngineId): Promise<void> {
  await settle(calls, id, 'freeze', 'pause the sandbox', 'paused');
}

/** Thaws it; succeeds where it runs. */
export async function resumeSandbox(calls: IncusCalls, id: EngineId): Promise<void> {
  const state = (await inspectSandbox(calls, id))?.state;
  if (state === 'running') return;
  await settle(calls, id, 'unfreeze', 'resume the sandbox', 'running');
}

/** Removes it, whatever runs in it; waits where a removal is under way already. */
export async function removeSandbox(calls: IncusCalls, id: EngineId): Promise<void> {
  const deadlineMs = performance.now() + calls.timeoutMs;
  for (;;) {
    const found = await inspectSandbox(calls, id);
    if (!found) return;
    try {
      if (found.state === 'running' || found.state === 'paused') await stopSandbox(calls, id, 0);
      await calls.change('remove the sandbox', 'DELETE', pathOf(id));
      return;
    } catch (error) {
      const meaning = meaningOf(error);
      if (meaning === 'not-found') return;
      // Another asks for the same at this moment.
      if (meaning === undefined || performance.now() >= deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, REMOVAL_POLL_MS));
    }
  }
}

/** False where it was as wanted already; throws `conflict` where it cannot get there from the state that it is in. */
async function settle(
  calls: IncusCalls,
  id: EngineId,
  action: Action,
  doing: string,
  wanted: EngineState,
): Promise<boolean> {
  try {
    await act(calls, id, action, doing);
    return true;
  } catch (error) {
    const meaning = meaningOf(error);
    if (meaning === undefined || meaning === 'not-found' || meaning === 'no-source') throw error;
    const state = (await inspectSandbox(calls, id))?.state;
    if (state === wanted) return false;
    throw new SandboxError('conflict', `The sandbox is ${state ?? 'gone'}, so it cannot become ${wanted}.`, {
      cause: error,
    });
  }
}

async function act(calls: IncusCalls, id: EngineId, action: Action, doing: string, timeoutMs?: number): Promise<void> {
  const body = { action, timeout: -1, ...(action === 'stop' ? { force: true } : {}) };
  await calls.change(doing, 'PUT', pathOf(id, '/state'), body, timeoutMs);
}
