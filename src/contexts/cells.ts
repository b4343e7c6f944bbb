import { runCell } from '../agent/calls/cell.ts';
import type { ContextSetup } from '../agent/calls/contexts.ts';
import { toWholeMs } from '../async/whole-ms.ts';
import { type Execution, isCut, toExecution, toLostExecution, withMemoryLoss } from '../processes/executions.ts';
import type { SandboxAccess } from '../sandboxes/access.ts';
import type { ContextLanguage } from './languages.ts';

/** Code for a context. */
export interface CellRequest {
  readonly code: string;
  /** That of the code; `invalid` where its context has another. Absent: that of the context. */
  readonly language?: ContextLanguage | undefined;
  readonly timeoutSeconds: number;
  /** True: it is not counted, and the value of its last expression is not shown. */
  readonly isSilent: boolean;
  /** Whether the code has types to be taken from it; that of its context where absent. */
  readonly isTyped?: boolean | undefined;
  /** True if its end is to say which files of the workspace have changed. */
  readonly tracksFiles?: boolean | undefined;
  /** Interrupts it. */
  readonly signal?: AbortSignal | undefined;
}

/** How a cell ended. */
export interface CellExecution {
  readonly execution: Execution;
  /** The number of the cell in its interpreter; 0 where nobody knows. */
  readonly executionCount: number;
  /** True where variables are gone since the answer before. */
  readonly isRestarted: boolean;
}

/** What an answer may take beside the run and the wait for earlier calls, in milliseconds. */
const MARGIN_MS = 12_000;

/** Runs a cell to its end and describes how it ended. */
export async function executeCell(
  { connection, memory, runsOn }: SandboxAccess,
  id: string,
  { code, language, timeoutSeconds, isSilent, isTyped, tracksFiles, signal }: CellRequest,
  limits: { readonly setup: ContextSetup | undefined; readonly most: number; readonly outputLimitBytes: number },
): Promise<CellExecution> {
  const { setup, most, outputLimitBytes } = limits;
  const half = Math.ceil(outputLimitBytes / 2);
  const timeoutMs = toWholeMs(timeoutSeconds);
  const startedAtMs = performance.now();
  try {
    const cell = await runCell(connection, id, {
      code,
      language,
      setup,
      most,
      timeoutMs,
      // It may wait for earlier calls as long as it may run.
      deadlineMs: 2 * timeoutMs + MARGIN_MS,
      isSilent,
      isTyped,
      tracksFiles,
      capture: { headBytes: half, tailBytes: half },
      signal,
    });
    const { run, executionCount, isRestarted } = cell;
    const ended = toExecution(run, memory.limitBytes);
    const execution = await withMemoryLoss(ended, startedAtMs, memory, ended.stderr === '');
    return { execution, executionCount, isRestarted };
  } catch (error) {
    if (!isCut(error)) throw error;
    const execution = await toLostExecution(error, startedAtMs, { memory, runsOn });
    return { execution, executionCount: 0, isRestarted: true };
  }
}
