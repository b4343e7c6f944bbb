import type { EngineExec } from '../../engine.ts';

/** What Incus ends a program with whose streams break. */
const KILLED = 137;

/** A program on a member that may go away: once its stream has broken nothing is known of it until `requireThere` passes, and then it has ended. */
export function untilCut(exec: EngineExec, requireThere: () => Promise<unknown>): EngineExec {
  return {
    ...exec,
    exitCode: async () => {
      const code = await exec.exitCode();
      if (code !== null || exec.stream.errored === null) return code;
      await requireThere();
      return KILLED;
    },
  };
}
