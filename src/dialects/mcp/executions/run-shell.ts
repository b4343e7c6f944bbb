import { z } from 'zod';
import { toAbsolutePath } from '../../../files/paths.ts';
import { toAbout } from '../../../processes/kept-process.ts';
import type { Program } from '../../../processes/programs.ts';
import { textBlock } from '../blocks.ts';
import { count, path, text } from '../fields.ts';
import { answer, defineTool, type Tool } from '../tool.ts';
import { toContent } from './content.ts';
import { answerBy } from './ending.ts';

/** Below the 60 seconds after which many clients give up. */
const TIMEOUT = 50;

/** `run_shell`: a command to its end, or in the background. */
export function runShell(maxTimeoutSeconds: number): Tool {
  return defineTool({
    name: 'run_shell',
    description: 'Run a bash command. In the background it lives on: servers, long jobs.',
    hints: { openWorldHint: true },
    shape: {
      command: text,
      cwd: path.optional().meta({ description: '/workspace if absent' }),
      timeout: count(1, maxTimeoutSeconds)
        .optional()
        .meta({ description: `seconds, ${TIMEOUT} if absent, none in the background` }),
      background: z.boolean().optional(),
    },
    run: async ({ command, cwd, timeout, background = false }, call) => {
      const { core, ref, signal } = call;
      const folder = toAbsolutePath(cwd ?? '.');
      const program: Program = { program: 'shell', source: command };
      if (background) {
        const about = toAbout(program, { name: null, labels: {}, cwd: folder });
        const { id } = await core.processes.start(ref, program, {
          about,
          timeoutSeconds: timeout ?? 0,
          hasStdin: true,
        });
        return answer(
          textBlock(`Process ${id} runs in the background; process_output with id ${id} reads what it says.`),
        );
      }
      const timeoutSeconds = timeout ?? TIMEOUT;
      const how = { timeoutSeconds, answerByMs: answerBy(timeoutSeconds), signal, cwd: folder, tracksFiles: true };
      const execution = await core.processes.run(ref, program, how);
      return { content: await toContent(execution, call) };
    },
  });
}
