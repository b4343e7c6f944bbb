import type { AgentConnection } from '../agent/wire/connection.ts';
import { withDeadline } from '../async/deadline.ts';
import { isSandboxError } from '../base/errors.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import type { Sandbox } from './registry/sandbox.ts';

/** How long a look may wait until the agent of its sandbox can be asked and has answered, in milliseconds. */
const LOOK_MS = 12_000;

interface LookingParts {
  readonly lifecycle: Lifecycle;
  /** Raised when the server ends. */
  readonly ending: AbortSignal;
}

/** Asks agents what is no use of their sandboxes: none is started by that, and one that is frozen is frozen again. */
export class Looking {
  readonly #parts: LookingParts;

  constructor(parts: LookingParts) {
    this.#parts = parts;
  }

  /** The answer; null where the sandbox is stopped. */
  async look<T>(sandbox: Sandbox, question: (connection: AgentConnection) => Promise<T>): Promise<T | null> {
    if (!sandbox.isUp) return null;
    const { connection: current } = sandbox;
    if (current) return await sandbox.whileMeasured(() => question(current));
    const asked = sandbox.mutex.run(() => this.#ask(sandbox, question));
    return await withDeadline(asked, LOOK_MS, 'The sandbox is busy; ask again in a moment.', this.#parts.ending);
  }

  async #ask<T>(sandbox: Sandbox, question: (connection: AgentConnection) => Promise<T>): Promise<T | null> {
    const { lifecycle } = this.#parts;
    const isFrozen = sandbox.state === 'paused';
    if (isFrozen) await lifecycle.thaw(sandbox);
    try {
      const connection = await this.#connect(sandbox);
      return connection && (await question(connection));
    } finally {
      // Whoever wants to use it waits for the mutex, and thaws it for good.
      if (isFrozen) await lifecycle.pause(sandbox);
    }
  }

  /** Null where it turns out to be stopped. */
  async #connect(sandbox: Sandbox): Promise<AgentConnection | null> {
    const { lifecycle } = this.#parts;
    if (sandbox.state !== 'running') return null;
    try {
      return await lifecycle.connect(sandbox);
    } catch (error) {
      if (isSandboxError(error, 'invalid')) throw error;
      await lifecycle.recover(sandbox, error);
      return sandbox.state === 'running' ? await lifecycle.connect(sandbox) : null;
    }
  }
}
