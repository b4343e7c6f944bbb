import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import { isSandboxError } from '../../base/errors.ts';
import type { SandboxRef } from '../../sandboxes/asked/ref.ts';
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
    cut(raw);
    return true;
  }
}

/**
 * Ends the connection of an answer before the answer's own end, as a server that is gone does. Its missing chunk or bytes say so to
 * every client, of which some take a reset for a fault of the network; without either only a reset does.
 */
export function cut(raw: ServerResponse): void {
  const { socket } = raw;
  const isDelimited = !raw.headersSent || raw.chunkedEncoding || raw.hasHeader('content-length');
  if (socket instanceof Socket && !isDelimited) socket.resetAndDestroy();
  else raw.destroy();
}
