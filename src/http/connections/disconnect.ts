import type { FastifyReply } from 'fastify';

/** A signal that is raised when the client goes away before its answer is complete, or when the caller raises it by its controller. */
export function disconnectSignal(reply: FastifyReply, controller = new AbortController()): AbortSignal {
  const { raw } = reply;
  const look = () => {
    if (!raw.writableFinished) controller.abort();
  };
  // What is looked at before the answer takes its time, in which a client may go.
  if (raw.closed) look();
  else raw.once('close', look);
  return controller.signal;
}
