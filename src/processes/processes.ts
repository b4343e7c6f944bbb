import type { Program } from '../agent/calls/run.ts';
import type { LeaseKind } from '../sandboxes/leases.ts';
import type { SandboxRef } from '../sandboxes/ref.ts';
import type { Sandboxes } from '../sandboxes/sandboxes.ts';
import { type Execution, execute } from './executions.ts';

export interface RunOptions {
  readonly timeoutSeconds: number;
  /** When the answer must have left, on the clock of `performance.now()`; a run without an end by then counts as hung. */
  readonly answerByMs: number;
  /** Ends the run. */
  readonly signal?: AbortSignal | undefined;
  /** What it counts as; `run` where absent. */
  readonly lease?: LeaseKind;
  /** True for a program that fills the disk, as an installation does. */
  readonly needsRoom?: boolean;
}

/** Programs in sandboxes. */
export class Processes {
  readonly #sandboxes: Sandboxes;
  readonly #outputLimitBytes: number;

  /** `outputLimitBytes` is what is kept of each of stdout and stderr. */
  constructor(sandboxes: Sandboxes, outputLimitBytes: number) {
    this.#sandboxes = sandboxes;
    this.#outputLimitBytes = outputLimitBytes;
  }

  /** Runs a program to its end; how it ended is a result, whatever it was. */
  async run(ref: SandboxRef, program: Program, options: RunOptions): Promise<Execution> {
    const { lease = 'run', needsRoom = false, ...run } = options;
    return await this.#sandboxes.use(ref, { lease, needsRoom }, ({ connection, memory, runsOn }) =>
      execute(connection, program, { ...run, outputLimitBytes: this.#outputLimitBytes, memory, runsOn }),
    );
  }
}
