import type { EngineId } from '../engine.ts';
import type { IncusCalls } from './incus-calls.ts';
import { removeSandbox } from './lifecycle.ts';
import { otherMountPoints } from './mount-points.ts';
import { makeFolder } from './prepared-images.ts';

/**
 * Makes the folders at which something is to be mounted and of which an image may have none, in a sandbox that never ran: its root is
 * read-only once it does. Removes the sandbox where that fails.
 */
export async function makeOtherPlaces(calls: IncusCalls, id: EngineId, targets: readonly string[]): Promise<void> {
  try {
    for (const path of otherMountPoints(targets)) await makeFolder(calls, id, path);
  } catch (error) {
    // What stays is a stray.
    await removeSandbox(calls, id).catch(() => undefined);
    throw error;
  }
}
