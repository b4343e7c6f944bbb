import { z } from 'zod';
import type { HttpProblem } from '../../http/errors/errors.ts';
import { type Ways, withRemedy } from '../remedies.ts';

/** The body of an error. */
export const errorResponse = z
  .object({ error: z.string().meta({ description: 'A sentence for a person.' }) })
  .meta({ id: 'Error', examples: [{ error: 'Sandbox not found' }] });

const validationErrorResponse = z
  .object({
    error: z.string(),
    detail: z.array(z.object({ loc: z.array(z.string()), msg: z.string(), type: z.string() })),
  })
  .meta({
    id: 'ValidationError',
    examples: [
      {
        error: 'timeout must be 300 or less.',
        detail: [{ loc: ['body', 'timeout'], msg: 'must be 300 or less', type: 'too_big' }],
      },
    ],
  });

/** What any route may answer, whatever it does. */
export const serverErrors = {
  400: errorResponse,
  403: errorResponse,
  408: errorResponse,
  417: errorResponse,
  429: errorResponse,
  431: errorResponse,
  500: errorResponse,
  503: errorResponse,
};

/** What every route that needs a key may answer, whatever it does. */
export const commonErrors = {
  ...serverErrors,
  401: errorResponse,
  413: errorResponse,
  415: validationErrorResponse,
  422: validationErrorResponse,
};

/** What a route that works with a sandbox may answer besides. */
export const sandboxErrors = { 404: errorResponse, 409: errorResponse, 507: errorResponse };

const WAYS: Ways = {
  stream_upload: 'send the file to PUT /sandbox/{user_id}/raw instead.',
  stream_download: 'use GET /sandbox/{user_id}/raw instead.',
};

/** The error body of this dialect. */
export function renderError(problem: HttpProblem): Record<string, unknown> {
  const { kind, status, issues, keptIds, written } = problem;
  if (kind === 'unknown_route') return { detail: 'Not Found', error: 'Not Found' };
  const error = withRemedy(problem, WAYS);
  if (status === 422 || status === 415) {
    return { error, detail: issues.length > 0 ? issues : [{ loc: [], msg: error, type: kind }] };
  }
  if (keptIds) return { error, detail: keptIds };
  if (written !== undefined) return { error, written };
  return kind === 'no_space' ? { error, success: false } : { error };
}

/** What an error of each status may say. */
export const ERROR_EXAMPLES: Readonly<Record<number, string>> = {
  400: 'The body is not valid UTF-8; send JSON in UTF-8.',
  401: 'Invalid API key',
  403: 'The key bot is only for users whose ids begin with "discord-".',
  404: 'Sandbox not found',
  408: 'The request did not arrive in time.',
  409: 'The sandbox is busy; its image and limits can change when it is idle.',
  412: 'The file is not the one that was asked for.',
  413: 'The request body is too large for JSON; send the file to PUT /sandbox/{user_id}/raw instead.',
  416: 'The file is shorter than the range that was asked for.',
  417: 'The server knows no expectation but 100-continue.',
  426: 'A terminal is seen over a WebSocket with the subprotocol clara.tty.v1.',
  429: 'The key bot makes more requests than it may; wait 1 second.',
  431: 'The URL and the headers are too large together.',
  500: 'The server failed at this; its log says more.',
  503: 'Maximum containers (50) reached',
  507: 'The sandbox is over its disk limit of 5120 MiB; delete files, then try again.',
};
