import { text } from 'node:stream/consumers';
import { withDeadline } from '../../../async/deadline.ts';
import type { EngineId } from '../../engine.ts';
import { startExec } from '../exec.ts';
import type { IncusCalls } from '../incus-calls.ts';

/** How long a look may take, in milliseconds: whoever asks has an answer to give, or a sandbox to stop. */
const LOOK_MS = 2_000;

/** Where a container reads its own control group, of version 2 or 1. */
export const OWN_GROUP = ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control'] as const;

/** Where a kernel counts for the whole machine. */
export const WHOLE_KERNEL = ['/proc/vmstat'] as const;

/**
 * Counts what memory has taken of sandboxes on other machines and in virtual ones, as a program in them reads it: Incus' own metrics know
 * nothing of virtual machines, and of containers they tell what was so up to eight seconds ago.
 */
export class InnerCounters {
  readonly #callsOf: (id: EngineId) => Promise<IncusCalls>;
  readonly #command: readonly string[];

  /** Reads the first of these files that is there. */
  constructor(callsOf: (id: EngineId) => Promise<IncusCalls>, files: readonly string[]) {
    this.#callsOf = callsOf;
    this.#command = ['grep', '-hs', '^oom_kill ', ...files];
  }

  /** How often memory ran out in it since it started; null where it does not say. */
  async outOfMemoryCount(id: EngineId): Promise<number | null> {
    const program = { command: this.#command, uid: 0, gid: 0, cwd: '/' };
    const started = this.#callsOf(id).then((calls) => startExec(calls, id, program));
    const said = started.then(async ({ stream }) => await text(stream.end()));
    try {
      const [, count] = /^oom_kill (\d+)$/m.exec(await withDeadline(said, LOOK_MS, 'No count came.')) ?? [];
      return count === undefined ? null : Number(count);
    } catch {
      return null;
    } finally {
      started.then(
        ({ stream }) => stream.destroy(),
        () => undefined,
      );
    }
  }

  /** Nothing is to be seen from here. */
  async stats(): Promise<null> {
    return null;
  }
}
