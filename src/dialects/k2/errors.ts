import { z } from 'zod';
import type { HttpProblem } from '../../http/errors/errors.ts';
import { detailResponse } from '../fields.ts';
import { type Ways, withRemedy } from '../remedies.ts';

/** The body of an error. */
export const errorResponse = detailResponse('K2Error');

const validationResponse = z
  .object({ detail: z.array(z.object({ loc: z.array(z.string()), msg: z.string(), type: z.string() })) })
  .meta({
    id: 'K2ValidationError',
    examples: [{ detail: [{ loc: ['body', 'timeout'], msg: 'must be 1 or more', type: 'too_small' }] }],
  });

/** What every route may answer, whatever it does. */
export const commonErrors = {
  400: errorResponse,
  401: errorResponse,
  404: errorResponse,
  408: errorResponse,
  413: errorResponse,
  415: errorResponse,
  417: errorResponse,
  422: validationResponse,
  429: errorResponse,
  431: errorResponse,
  500: errorResponse,
  503: errorResponse,
  507: errorResponse,
};

/** The status where this API's is another than that of the kind: an image that is not to be had is not found, what the sandbox refuses is a bad request. */
export function statusOf({ status, issues }: HttpProblem): number | undefined {
  if (status !== 422) return undefined;
  if (issues.length === 0) return 400;
  return issues.some(({ loc }) => loc.at(-1) === 'image') ? 404 : undefined;
}

const WAYS: Ways = {
  stream_upload: 'write the file in parts, and join them with a command.',
  stream_download: 'read it in parts with commands.',
};

/** The error body of this dialect: a list where fields of the request are wrong, else a sentence. */
export function renderError(problem: HttpProblem): Record<string, unknown> {
  const { status, issues } = problem;
  return { detail: status === 422 && statusOf(problem) === undefined ? issues : withRemedy(problem, WAYS) };
}

/** What an error of each status may say. */
export const ERROR_EXAMPLES: Readonly<Record<number, string>> = {
  400: 'Timeout value is required',
  401: 'Invalid API key',
  404: 'Sandbox not found',
  409: 'Sandbox is stopped',
};
