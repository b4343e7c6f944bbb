import type { HttpProblem } from '../../http/errors/errors.ts';

/** Codes of JSON-RPC. */
const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
const INTERNAL_ERROR = -32_603;
const SERVER_ERROR = -32_000;

/** An error outside of the protocol, such as a wrong key, in its form. */
export function renderError({ kind, status, message, issues }: HttpProblem): Record<string, unknown> {
  const isUnreadable = issues.some(({ type }) => type === 'json_invalid');
  const code = isUnreadable ? PARSE_ERROR : codeOf(kind, status);
  return { jsonrpc: '2.0', error: { code, message }, id: null };
}

function codeOf(kind: HttpProblem['kind'], status: number): number {
  if (kind === 'internal') return INTERNAL_ERROR;
  return status === 422 || status === 400 ? INVALID_REQUEST : SERVER_ERROR;
}

/** What the protocol has no status for is a bad request. */
export function statusOf({ status }: HttpProblem): number | undefined {
  return status === 422 ? 400 : undefined;
}
