import type { z } from 'zod';
import type { CellExecution } from '../../../contexts/cells.ts';
import type { Context } from '../../../contexts/context.ts';
import { toTimestamp } from '../numbers.ts';
import { toExecutionResponse, toFileFields, toShownFields } from '../runs/mapping.ts';
import type { cellResponse, contextInfo } from './schemas.ts';

/** Context of this dialect. */
export function toContextInfo(context: Context): z.output<typeof contextInfo> {
  return {
    id: context.id,
    name: context.name,
    language: context.language,
    cwd: context.cwd,
    state: context.state,
    execution_count: context.executionCount,
    created_at: context.createdAtMs === null ? null : toTimestamp(context.createdAtMs),
    last_used: context.lastUsedAtMs === null ? null : toTimestamp(context.lastUsedAtMs),
  };
}

/** ExecutionResponse of a cell. */
export function toCellResponse(cell: CellExecution, timeoutSeconds: number): z.output<typeof cellResponse> {
  return {
    ...toExecutionResponse(cell.execution, 'Execution', timeoutSeconds),
    ...toShownFields(cell.execution),
    ...toFileFields(cell.execution),
    execution_count: cell.executionCount,
    context_restarted: cell.isRestarted,
  };
}
