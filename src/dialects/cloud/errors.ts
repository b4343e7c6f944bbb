import { z } from 'zod';
import type { HttpProblem } from '../../http/errors/errors.ts';
import { type Ways, withRemedy } from '../remedies.ts';

/** The body of an error. */
export const errorResponse = z
  .object({
    error: z.string().meta({ description: 'A code where its status has one, else the sentence.' }),
    message: z.string().meta({ description: 'A sentence for a person.' }),
  })
  .meta({ id: 'CloudError', examples: [{ error: 'not_found', message: 'Sandbox not found' }] });

/** What every route may answer, whatever it does. */
export const commonErrors = {
  400: errorResponse,
  401: errorResponse,
  403: errorResponse,
  404: errorResponse,
  408: errorResponse,
  409: errorResponse,
  413: errorResponse,
  415: errorResponse,
  417: errorResponse,
  429: errorResponse,
  431: errorResponse,
  500: errorResponse,
  502: errorResponse,
  503: errorResponse,
  507: errorResponse,
};

/** The statuses that clients know by their codes; of any other they read `error` alone. */
const CODES: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  404: 'not_found',
  429: 'rate_limit_exceeded',
  502: 'service_unavailable',
  503: 'service_unavailable',
};

/** The status where this API's is another than that of the kind: a wrong request is a bad one, an engine that is down a bad gateway. */
export function statusOf({ status, kind }: HttpProblem): number | undefined {
  if (status === 422) return 400;
  return kind === 'unavailable' ? 502 : undefined;
}

const WAYS: Ways = { stream_upload: 'write the file in parts, and join them with a command of execute.' };

/** The error body of this dialect. */
export function renderError(problem: HttpProblem): Record<string, unknown> {
  const message = withRemedy(problem, WAYS);
  return { error: CODES[statusOf(problem) ?? problem.status] ?? message, message };
}

/** What an error of each status may say. */
export const ERROR_EXAMPLES: Readonly<Record<number, string>> = {
  400: 'user_id required',
  401: 'The token has expired; POST /api/v1/auth/refresh makes another of the refresh token.',
  404: 'Sandbox not found',
  409: 'The session of this sandbox is paused; resume it first.',
};
