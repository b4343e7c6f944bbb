import type { FastifyReply } from 'fastify';
import type { Clock } from '../../async/clock.ts';
import type { SandboxId } from '../../base/sandbox-address.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import { cut } from './cutting.ts';

/** How long a sandbox counts as gone that is being paused or ended and says nothing of it, in milliseconds. */
const LEAVING_MS = 30_000;

/** The connections on which answers of sandboxes are under way. They are cut when their sandbox is paused or ends: clients take an orderly end for one of the work. */
export class OpenAnswers {
  readonly #open = new Map<SandboxId, Set<FastifyReply>>();

  /** Since when each is leaving, in milliseconds of the monotonic clock. */
  readonly #leaving = new Map<SandboxId, number>();
  readonly #clock: Clock;

  constructor(events: CoreEvents, clock: Clock) {
    this.#clock = clock;
    events.subscribe((event) => {
      const { sandboxId } = event;
      if (event.type === 'leaving') {
        // Before the connections: who loses one asks at once whether the sandbox is there.
        this.#leaving.set(sandboxId, clock.monotonicMs());
        this.#cut(sandboxId);
      } else if (event.type === 'state' || event.type === 'stays') this.#leaving.delete(sandboxId);
    });
  }

  /** True from the moment on at which a sandbox begins to be paused or ended, until that is done or has failed. */
  isLeaving(sandboxId: SandboxId): boolean {
    const sinceMs = this.#leaving.get(sandboxId);
    return sinceMs !== undefined && this.#clock.monotonicMs() - sinceMs < LEAVING_MS;
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
    for (const { raw } of this.#open.get(sandboxId) ?? []) {
      // What was asked and not answered yet gets its answer, that the sandbox is gone.
      if (raw.headersSent && !raw.writableEnded) cut(raw);
    }
  }
}
