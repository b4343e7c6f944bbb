import { z } from 'zod';
import type { HttpProblem } from '../../http/errors/errors.ts';

/** The body of an error. */
export const errorResponse = z
  .object({
    code: z.int().meta({ description: 'The HTTP status.' }),
    message: z.string().meta({ description: 'A sentence for a person.' }),
  })
  .meta({ id: 'E2bError', examples: [{ code: 404, message: 'Sandbox not found' }] });

/** What every route may answer, whatever it does. */
export const commonErrors = Object.fromEntries(
  [400, 401, 408, 413, 415, 417, 429, 431, 500, 503, 507].map((status) => [status, errorResponse]),
);

/** The status where this API's is another than that of the kind: wrong fields are a bad request, an image that is not to be had is not found, and no room is too many. */
export function statusOf({ status, kind, issues }: HttpProblem): number | undefined {
  if (kind === 'limit') return 429;
  if (status !== 422) return undefined;
  return issues.some(({ loc }) => loc.at(-1) === 'image') ? 404 : 400;
}

/** The error body of this dialect: clients read the code in it, and not the status alone. */
export function renderError(problem: HttpProblem): Record<string, unknown> {
  const [issue] = problem.issues;
  const field = issue?.loc.slice(1).join('.');
  const message = issue && field ? `${field}: ${issue.msg}` : problem.message;
  return { code: statusOf(problem) ?? problem.status, message };
}

/** What an error of each status may say. */
export const ERROR_EXAMPLES: Readonly<Record<number, string>> = {
  400: 'templateID: is missing',
  401: 'Invalid API key',
  404: 'Sandbox not found',
  409: 'The sandbox is paused already.',
};
