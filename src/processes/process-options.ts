import type { TerminalSize } from '../agent/calls/processes.ts';
import type { LeaseKind } from '../sandboxes/registry/leases.ts';
import type { ProcessAbout } from './kept-process.ts';

/** How a program is run to its end. */
export interface RunOptions {
  readonly timeoutSeconds: number;
  /** When the answer must have left, on the clock of `performance.now()`; a run without an end by then counts as hung. */
  readonly answerByMs: number;
  /** Ends the run. */
  readonly signal?: AbortSignal | undefined;
  /** Where it starts; the sandbox's own folder where absent. */
  readonly cwd?: string | undefined;
  /** On top of what its sandbox has. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** True if an argv that cannot be run has a notice that says why, and no output; else it ends with 127 or 126, as in a shell. */
  readonly mustStart?: boolean | undefined;
  /** True if the answer is to say which files of the workspace have changed. */
  readonly tracksFiles?: boolean | undefined;
  /** What it counts as; `run` where absent. */
  readonly lease?: LeaseKind;
  /** True for a program that fills the disk, as an installation does. */
  readonly needsRoom?: boolean;
}

/** How a program is started that lives on by itself. */
export interface StartOptions {
  readonly about: ProcessAbout;
  /** 0 for none. */
  readonly timeoutSeconds: number;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly hasStdin?: boolean;
  /** True if an argv that cannot be run fails, by the kind of what is wrong; else it ends with 127 or 126, as in a shell. */
  readonly mustStart?: boolean;
  /** True if `exit` is to say which files of the workspace have changed. */
  readonly tracksFiles?: boolean | undefined;
  /** True if the sandbox is not to be paused for idleness while it runs. */
  readonly keepsAwake?: boolean;
  /** The terminal that it gets in the place of its three streams. */
  readonly tty?: TerminalSize | undefined;
  readonly needsRoom?: boolean;
}

/** How a program is started whose events its caller reads. */
export interface StreamOptions extends StartOptions {
  /** Ends the reading, and the program unless it is to run on. */
  readonly signal: AbortSignal;
  readonly keepsRunning: boolean;
}
