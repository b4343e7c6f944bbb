import { text } from 'node:stream/consumers';
import type { EngineId } from '../../engine.ts';
import { startExec } from '../exec.ts';
import type { IncusCalls } from '../incus-calls.ts';

const ASK = ['grep', '^oom_kill ', '/proc/vmstat'] as const;

/** Counts what memory has taken in virtual machines, as their kernels tell: Incus does not know. */
export class MachineCounters {
  readonly #callsOf: (id: EngineId) => Promise<IncusCalls>;

  constructor(callsOf: (id: EngineId) => Promise<IncusCalls>) {
    this.#callsOf = callsOf;
  }

  /** How often memory ran out in it since it started; null where its kernel does not say. */
  async outOfMemoryCount(id: EngineId): Promise<number | null> {
    try {
      const { stream } = await startExec(await this.#callsOf(id), id, { command: ASK, uid: 0, gid: 0, cwd: '/' });
      stream.end();
      const [, count] = /^oom_kill (\d+)$/m.exec(await text(stream)) ?? [];
      return count === undefined ? null : Number(count);
    } catch {
      return null;
    }
  }

  /** Nothing is to be seen from here. */
  async stats(): Promise<null> {
    return null;
  }
}
