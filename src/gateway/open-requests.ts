import type { FastifyReply } from 'fastify';
import { Cutoff } from './cutoff.ts';

/** The requests that are under way over there. */
export class OpenRequests {
  readonly #cutoffs = new Set<Cutoff>();
  readonly #ended: AbortSignal;

  /** `ended` is raised when no call may go on. */
  constructor(ended: AbortSignal) {
    this.#ended = ended;
    ended.addEventListener('abort', () => {
      for (const cutoff of this.#cutoffs) cutoff.raise(ended.reason);
    });
  }

  /** What ends a request over there: a client that leaves, the end of this server, or who holds it. */
  add(reply: FastifyReply): Cutoff {
    const cutoff = new Cutoff();
    if (this.#ended.aborted) cutoff.raise(this.#ended.reason);
    this.#cutoffs.add(cutoff);
    reply.raw.once('close', () => {
      this.#cutoffs.delete(cutoff);
      if (!reply.raw.writableFinished) cutoff.raise(new Error('The client went away.'));
    });
    return cutoff;
  }
}
