import { withDeadline } from '../async/deadline.ts';
import { createDeferred } from '../async/deferred.ts';
import { KeyedMutex } from '../async/keyed-mutex.ts';
import { isSandboxError, SandboxError } from '../base/errors.ts';
import type { CellRequest } from './cells.ts';

const BUSY = 'Calls before this one keep its interpreter busy, so this one did not run.';

/** Lets calls in one interpreter have turns, one after the other. */
export class Turns {
  readonly #mutex = new KeyedMutex<string>();

  /** True while somebody has a turn of this key, or waits for one. */
  isBusy(key: string): boolean {
    return this.#mutex.isBusy(key);
  }

  /**
   * Resolves, once all turns of this key before it are over, with what ends this one. Throws `limit` where they take longer than the call may
   * take itself, and the signal's reason where that is raised first.
   */
  async take(
    key: string,
    { timeoutSeconds, signal }: Pick<CellRequest, 'timeoutSeconds' | 'signal'>,
  ): Promise<() => void> {
    const begun = createDeferred<void>();
    const over = createDeferred<void>();
    const end = () => over.resolve();
    const turn = this.#mutex.run(key, async () => {
      begun.resolve();
      await over.promise;
    });
    turn.catch(begun.reject);
    try {
      await withDeadline(begun.promise, timeoutSeconds * 1000, BUSY, signal);
    } catch (error) {
      end();
      if (!isSandboxError(error, 'timeout')) throw error;
      throw new SandboxError('limit', BUSY, { retryAfterSeconds: 5, cause: error });
    }
    return end;
  }
}
