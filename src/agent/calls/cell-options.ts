import { type ContextSetup, setupParameters } from './contexts.ts';

/** A cell of a context, and how it runs, whether its caller waits for it or it is kept. */
export interface CellOptions {
  readonly code: string;
  /** AgentFailure `mismatch` where the context has another; absent: that of the context. */
  readonly language?: string | undefined;
  /** What its context is made with where it is not there; absent: AgentFailure `not_found`. */
  readonly setup?: ContextSetup | undefined;
  /** How many contexts may be there. */
  readonly most: number;
  readonly timeoutMs: number;
  readonly isSilent: boolean;
  /** Whether the code has types to be taken from it; that of its context where absent. */
  readonly isTyped?: boolean | undefined;
  /** True if its end is to say which files of the workspace have changed. */
  readonly tracksFiles?: boolean | undefined;
}

/** A cell of the context with this id as the agent reads it, but for its code. */
export function cellParameters(id: string, cell: CellOptions): Record<string, unknown> {
  const { language, setup, most, timeoutMs, isSilent, isTyped, tracksFiles = false } = cell;
  return {
    id,
    ...(language === undefined ? {} : { language }),
    ...(setup ? { make: setupParameters(setup) } : {}),
    most,
    timeoutMs,
    silent: isSilent,
    ...(isTyped === undefined ? {} : { typed: isTyped }),
    ...(tracksFiles ? { trackFiles: true } : {}),
  };
}
