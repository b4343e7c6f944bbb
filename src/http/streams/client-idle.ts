import { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';

/** How long a client may move no byte while it is the one that is waited for, in milliseconds. */
export const CLIENT_IDLE_MS = 60_000;

/**
 * Ends the connection of a client that moves no byte for so long, in either direction; 0 lifts the limit. What the client has
 * taken of a large write counts, so that a slow client is not an idle one.
 */
export function limitIdleClient(reply: FastifyReply, milliseconds: number): void {
  const { socket } = reply.raw;
  // A request that is injected comes over no socket.
  if (socket instanceof Socket) socket.setTimeout(milliseconds);
}
