import { makeFolder } from '../agent/calls/changes.ts';
import type { AgentConnection } from '../agent/wire/connection.ts';
import { isSandboxError } from '../base/errors.ts';

/** How long making a folder may take, in milliseconds. */
const MAKE_MS = 8_000;

/** What is wrong with the folder itself. */
const REFUSALS = ['invalid', 'conflict', 'not_found'] as const;

/** Makes the folders that sandboxes were given to start programs in, where a start has left them without. */
export class OwnFolders {
  readonly #made = new WeakSet<AgentConnection>();

  /** Makes the folder once for each connection; one that cannot be made is told by the programs that start in it. */
  async require(connection: AgentConnection, cwd: string): Promise<void> {
    if (this.#made.has(connection)) return;
    try {
      await makeFolder(connection, cwd, { parents: true }, { deadlineMs: MAKE_MS });
    } catch (error) {
      if (!REFUSALS.some((kind) => isSandboxError(error, kind))) throw error;
    }
    this.#made.add(connection);
  }
}
