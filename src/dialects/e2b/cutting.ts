import { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import { isSandboxError } from '../../errors.ts';
import type { SandboxRef } from '../../sandboxes/ref.ts';
import type { Sandboxes } from '../../sandboxes/sandboxes.ts';

/**
 * Cuts the connection of an answer that failed because its sandbox is no more, and says so: clients then ask what became of it, and
 * would take an error for one of the work.
 */
export async function cutWhereGone(
  sandboxes: Sandboxes,
  ref: SandboxRef,
  { raw }: FastifyReply,
  error: unknown,
): Promise<boolean> {
  if (!isSandboxError(error, 'unavailable') && !isSandboxError(error, 'unreachable')) return false;
  try {
    await sandboxes.use(ref, { lease: 'stream', isUse: false, thawsOnly: true }, async () => undefined);
    return false;
  } catch (reason) {
    if (isSandboxError(reason, 'limit')) return false;
    if (raw.socket instanceof Socket) raw.socket.resetAndDestroy();
    else raw.destroy();
    return true;
  }
}
