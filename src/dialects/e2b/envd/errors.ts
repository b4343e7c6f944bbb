import type { HttpProblem } from '../../../http/errors/errors.ts';
import { renderError } from '../errors.ts';
import { codeOf } from './connect/connect-error.ts';

/** The body of an error of a method that fails before it is called: wrong tokens and sandboxes that are gone are told in numbers, as everywhere. */
export function renderRpcError(problem: HttpProblem): Record<string, unknown> {
  const { kind, message } = problem;
  if (kind === 'unauthorized' || kind === 'unreachable') return renderError(problem);
  return { code: kind === 'unknown_route' ? 'unimplemented' : codeOf(kind), message };
}
