import type { FastifyReply } from 'fastify';
import type { CoreEvents } from '../../observability/core-events.ts';
import type { SandboxId } from '../../sandboxes/address.ts';

/** The connections on which answers of sandboxes are under way. They are cut when their sandbox is paused or ends: clients take an orderly end for one of the work. */
export class OpenAnswers {
  readonly #open = new Map<SandboxId, Set<FastifyReply>>();

  constructor(events: CoreEvents) {
    events.subscribe(({ type, sandboxId }) => {
      if (type === 'leaving') this.#cut(sandboxId);
    });
  }

  /** Cuts the connection of this answer if it is not over when its sandbox is. */
  follow(sandboxId: SandboxId, reply: FastifyReply): void {
    const answers = this.#open.get(sandboxId) ?? new Set();
    this.#open.set(sandboxId, answers.add(reply));
    reply.raw.once('close', () => {
      answers.delete(reply);
      if (answers.size === 0) this.#open.delete(sandboxId);
    });
  }

  #cut(sandboxId: SandboxId): void {
    for (const { raw, request } of this.#open.get(sandboxId) ?? []) {
      // What was asked and not answered yet gets its answer, that the sandbox is gone.
      if (raw.headersSent && !raw.writableEnded) request.raw.socket.resetAndDestroy();
    }
  }
}
