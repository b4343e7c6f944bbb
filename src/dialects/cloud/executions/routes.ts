import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { isSandboxError } from '../../../base/errors.ts';
import { toAbsolutePath } from '../../../files/paths.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { HttpError } from '../../../http/errors/http-error.ts';
import { toOutcome } from '../../../processes/executions.ts';
import { type Language, toLanguage, toProgram } from '../../../processes/languages.ts';
import type { Program } from '../../../processes/programs.ts';
import type { Loans } from '../../../sessions/loans.ts';
import type { Core } from '../../dialect.ts';
import { hasNoNul } from '../../fields.ts';
import { operation, toRef } from '../operation.ts';
import { toExecuteResponse, toNotRun } from './mapping.ts';
import * as schemas from './schemas.ts';

/** Of a call that says nothing of it, in seconds. */
const USUAL_TIMEOUT = 300;

/** Clients wait no longer than the timeout itself: so long before it the answer leaves, in seconds, */
const LEAVES_BEFORE = 0.3;

/** and so long before that the program is killed, for its tree to end. */
const KILL_TAKES = 0.15;

/** The languages of this dialect. */
const LANGUAGES: readonly Language[] = ['python', 'javascript', 'bash', 'ruby', 'go'];

interface ExecutionRoutesOptions extends Core {
  readonly loans: Loans;
  /** The longest timeout of a call, in seconds. */
  readonly maxTimeoutSeconds: number;
}

/** Cloud: code and commands. */
export const executionRoutes: FastifyPluginAsyncZod<ExecutionRoutesOptions> = async (app, options) => {
  const { sandboxes, processes, loans, maxTimeoutSeconds } = options;

  const toSeconds = (asked: number | null | undefined): number => {
    const seconds = asked || Math.min(USUAL_TIMEOUT, maxTimeoutSeconds);
    if (seconds <= maxTimeoutSeconds) return seconds;
    throw new HttpError(400, `timeout must be ${maxTimeoutSeconds} or less`);
  };

  app.post(
    '/api/v1/execute',
    operation('execute', 'execute', 'Run code or a command', {
      body: schemas.executeBody,
      response: { 200: schemas.executeResponse },
    }),
    async (request, reply) => {
      const endByMs = performance.now() + toSeconds(request.body?.timeout) * 1000;
      const { code, language, command, work_dir: folder, env } = request.body ?? {};
      const ref = toRef(request, request.body?.sandbox_id);
      const program = toWanted(code, language, command);
      await sandboxes.get(ref);
      loans.noteUse(ref);
      const answerByMs = endByMs - LEAVES_BEFORE * 1000;
      const leftSeconds = (answerByMs - performance.now()) / 1000 - KILL_TAKES;
      const options = {
        timeoutSeconds: Math.max(0.05, leftSeconds),
        answerByMs,
        cwd: toAbsolutePath(folder || '.'),
        env: env ?? undefined,
        mustStart: true,
        signal: disconnectSignal(reply),
      };
      try {
        const execution = await processes.run(ref, program, options);
        request.outcome = toOutcome(execution);
        return toExecuteResponse(execution);
      } catch (error) {
        if (!isSandboxError(error, 'invalid') || error.field !== 'language') throw error;
        return toNotRun(error.message);
      }
    },
  );
};

/** What is to be run; throws a 400 where that is nothing, or in a language that there is not. */
function toWanted(
  code: string | null | undefined,
  language: string | null | undefined,
  command: readonly string[] | null | undefined,
): Program {
  if (command && command.length > 0) return { program: 'argv', argv: command };
  const name = language || 'python';
  const found = toLanguage(name);
  if (found === undefined || !LANGUAGES.includes(found)) {
    throw new HttpError(400, `Unsupported language: ${name}. There are ${LANGUAGES.join(', ')}.`);
  }
  if (!code) throw new HttpError(400, 'code or command is required');
  if (found !== 'python' && !hasNoNul(code)) throw new HttpError(400, 'code must not hold a NUL character');
  return toProgram(found, code);
}
