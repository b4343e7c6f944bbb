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
    const { raw } = reply;
    const look = () => {
      this.#cutoffs.delete(cutoff);
      if (!raw.writableFinished) cutoff.raise(new Error('The client went away.'));
    };
    // What the other server is asked first takes its time, in which a client may go.
    if (raw.closed) look();
    else raw.once('close', look);
    return cutoff;
  }
}
