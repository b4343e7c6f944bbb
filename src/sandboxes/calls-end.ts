import { setMaxListeners } from 'node:events';
import { AgentFailure } from '../agent/wire/failures.ts';
import { SandboxError } from '../base/errors.ts';
import type { Sandbox } from './registry/sandbox.ts';

/** The end of all calls, when the server is being stopped. */
export class CallsEnd {
  readonly #ending = new AbortController();
  readonly #sandboxes: () => Iterable<Sandbox>;

  constructor(sandboxes: () => Iterable<Sandbox>) {
    this.#sandboxes = sandboxes;
    // Every call that waits listens, and there may be many.
    setMaxListeners(0, this.#ending.signal);
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Ends them, those that wait and those that are under way in sandboxes. */
  raise(): void {
    const sentence = 'The server is being stopped; try again in a moment.';
    this.#ending.abort(new SandboxError('unavailable', sentence, { retryAfterSeconds: 5 }));
    const failure = new AgentFailure('lost', 'The server was stopped while the sandbox worked; try again in a moment.');
    for (const sandbox of this.#sandboxes()) sandbox.link?.close(failure);
  }
}
