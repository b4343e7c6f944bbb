import type { FastifyReply } from 'fastify';

/** A signal that is raised when the client goes away before its answer is complete, or when the caller raises it by its controller. */
export function disconnectSignal(reply: FastifyReply, controller = new AbortController()): AbortSignal {
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
