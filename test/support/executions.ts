import type { Execution } from '../../src/processes/executions.ts';
import { NOTHING_SHOWN } from '../../src/processes/results.ts';

/** An execution that went well and wrote nothing, but for this part of it. */
export function execution(part: Partial<Execution>): Execution {
  return {
    stdout: '',
    stderr: '',
    exitCode: 0,
    durationMs: 4.2,
    timedOut: false,
    oomKilled: false,
    truncated: false,
    signal: null,
    notice: null,
    memoryLimitBytes: 512 * 2 ** 20,
    shown: NOTHING_SHOWN,
    files: null,
    ...part,
  };
}
