import type { HttpProblem } from '../../http/errors/errors.ts';
import { detailResponse } from '../fields.ts';
import { type Ways, withRemedy } from '../remedies.ts';

/** The body of an error. */
export const errorResponse = detailResponse('ManagerError');

/** What every route may answer, whatever it does. */
export const commonErrors = {
  400: errorResponse,
  401: errorResponse,
  404: errorResponse,
  408: errorResponse,
  413: errorResponse,
  415: errorResponse,
  417: errorResponse,
  422: errorResponse,
  429: errorResponse,
  431: errorResponse,
  500: errorResponse,
  503: errorResponse,
  507: errorResponse,
};

/** What the core calls what a client here calls otherwise. */
const FIELDS: Readonly<Record<string, string>> = {
  cpu_limit: 'resources.cpu',
  memory_limit: 'resources.memory',
  env: 'environment',
  gpu: 'resources.gpu',
};

/** The status where this API's is another than that of the kind: an image that is not to be had is not found. */
export function statusOf({ status, issues }: HttpProblem): number | undefined {
  if (status !== 422 || issues.length === 0) return undefined;
  return issues.some(({ loc, type }) => loc.at(-1) === 'image' && type === 'invalid') ? 404 : undefined;
}

const WAYS: Ways = {
  stream_upload: 'send the file to POST /api/v1/sandboxes/{sandbox_id}/volumes/{volume_id}/upload instead.',
  stream_download: 'use GET /api/v1/sandboxes/{sandbox_id}/export instead.',
};

/** The error body of this dialect. */
export function renderError(problem: HttpProblem): Record<string, unknown> {
  return { detail: withRemedy(problem, WAYS).replace(/^\w+/, (name) => FIELDS[name] ?? name) };
}

/** What an error of each status may say. */
export const ERROR_EXAMPLES: Readonly<Record<number, string>> = {
  401: 'Invalid API key',
  404: 'Sandbox not found',
  409: 'Sandbox is stopped',
  422: 'resources.cpu must be 8 or less.',
};
