import { z } from 'zod';
import { isSandboxError } from '../../../base/errors.ts';
import type { CellExecution, CellRequest } from '../../../contexts/cells.ts';
import { DEFAULT_CONTEXT } from '../../../contexts/context.ts';
import { toAbsolutePath } from '../../../files/paths.ts';
import { anyText, count } from '../fields.ts';
import { defineTool, type Tool, type ToolCall } from '../tool.ts';
import { toContent } from './content.ts';

/** Below the 60 seconds after which many clients give up. */
const TIMEOUT = 50;

const session = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must have 1 to 64 letters, digits, dots, dashes and underscores')
  .optional();

/** `run_python`: code in an interpreter whose variables live on. */
export function runPython(maxTimeoutSeconds: number): Tool {
  return defineTool({
    name: 'run_python',
    description:
      'Run Python (IPython). Variables live on per session. Shows stdout, the last value, figures and pictures.',
    hints: { openWorldHint: true },
    shape: {
      code: anyText,
      session: session.meta({ description: "'default' if absent" }),
      timeout: count(1, maxTimeoutSeconds)
        .optional()
        .meta({ description: `seconds, ${TIMEOUT} if absent` }),
    },
    run: async ({ code, session: id = DEFAULT_CONTEXT, timeout = TIMEOUT }, call) => {
      const request = { code, timeoutSeconds: timeout, isSilent: false, tracksFiles: true, signal: call.signal };
      const cell = await executeIn(id, request, call);
      const facts = cell.isRestarted ? ['the variables of before are gone'] : [];
      return { content: await toContent(cell.execution, call, facts) };
    },
  });
}

/** Runs code in a session, which is made on its first use. */
async function executeIn(id: string, request: CellRequest, { core, ref }: ToolCall): Promise<CellExecution> {
  try {
    return await core.contexts.execute(ref, id, request);
  } catch (error) {
    if (id === DEFAULT_CONTEXT || !isSandboxError(error, 'not_found')) throw error;
    await core.contexts.make(ref, { id, language: 'python', cwd: toAbsolutePath('.'), env: undefined, name: null });
    return await core.contexts.execute(ref, id, request);
  }
}
