import type { IncomingMessage } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorKind, isSandboxError, type Remedy, type SandboxError } from '../../base/errors.ts';
import type { AccessLog, LoggedFailure } from '../observability/access-log.ts';
import { NOT_ENCODED } from '../validation/query-encoding.ts';
import { type FieldIssue, InvalidRequest } from '../validation/validation.ts';
import { HttpError } from './http-error.ts';

/** The HTTP status of each kind of error. */
const STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 422,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition: 412,
  too_large: 413,
  too_many: 429,
  limit: 503,
  timeout: 503,
  stalled: 408,
  no_space: 507,
  unavailable: 503,
  unreachable: 502,
  unsupported: 501,
  internal: 500,
};

/** When to come back after a 503 that says nothing about it. */
const RETRY_AFTER_SECONDS = 5;

/** An error as dialects render it. */
export interface HttpProblem {
  readonly status: number;
  readonly kind: ErrorKind | 'unknown_route';
  readonly message: string;
  readonly issues: readonly FieldIssue[];
  /** What the client does better; a dialect says how in its own words. */
  readonly remedy?: Remedy | undefined;
  /** Ids of sandboxes whose kept files are in the way. */
  readonly keptIds?: readonly string[] | undefined;
  /** How many bytes were taken of what was sent, where the rest was not. */
  readonly written?: number | undefined;
}

/** How an error body is written outside of all routes, for this request; null where its head never arrived. */
export type OutsideRenderer = (problem: HttpProblem, head: IncomingMessage | null) => Record<string, unknown>;

/** What is to be known here of the dialect that a route belongs to. */
interface RouteDialect {
  readonly name: string;
  renderError(problem: HttpProblem): Record<string, unknown>;
  /** True where the `message` of that body is all that is sent, as plain text. */
  readonly hasTextErrors?: boolean;
  /** The status where it is another than that of the kind of error. */
  statusOf?(problem: HttpProblem): number | undefined;
  /** The sandbox that a request is about; null for a request about none. */
  addressOf(request: FastifyRequest): { readonly id: string } | null;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    dialect?: RouteDialect;
  }
}

/** The error body of the dialect that a request's route is of; of none, as the outside has it. */
export function renderProblem(
  problem: HttpProblem,
  request: FastifyRequest,
  renderOutside: OutsideRenderer,
): Record<string, unknown> {
  const dialect = request.routeOptions.config?.dialect;
  return dialect ? dialect.renderError(problem) : renderOutside(problem, request.raw);
}

/** Gives every error of the app a status and a sentence; what nobody expected is answered without the details that the log has. */
export function registerErrors(app: FastifyInstance, renderOutside: OutsideRenderer): void {
  const send = (request: FastifyRequest, reply: FastifyReply, problem: HttpProblem) => {
    const dialect = request.routeOptions.config?.dialect;
    const body = renderProblem(problem, request, renderOutside);
    const status = dialect?.statusOf?.(problem) ?? problem.status;
    const answer = reply.code(status);
    if (dialect?.hasTextErrors) return answer.type('text/plain; charset=utf-8').serializer(String).send(body.message);
    return answer.type('application/json').serializer(JSON.stringify).send(body);
  };
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = toProblem(error);
    request.failure = toFailure(error, problem);
    const retryAfter = retryAfterSeconds(error, problem);
    if (retryAfter !== undefined) reply.header('Retry-After', String(retryAfter));
    if (error instanceof HttpError) reply.headers(error.headers);
    if (problem.status === 401) reply.header('WWW-Authenticate', 'Bearer');
    return send(request, reply, problem);
  });
  app.setNotFoundHandler((request, reply) => {
    request.failure = { error: 'unknown_route' };
    return send(request, reply, { status: 404, kind: 'unknown_route', message: 'Not Found', issues: [] });
  });
}

function retryAfterSeconds(error: unknown, { status }: HttpProblem): number | undefined {
  const known = isSandboxError(error) ? error.retryAfterSeconds : undefined;
  return known ?? (status === 503 ? RETRY_AFTER_SECONDS : undefined);
}

/** Answers, and logs, what fails before a route is found, such as a URL that cannot be decoded. */
export function answerFrameworkError(render: OutsideRenderer, log: AccessLog) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = toProblem(error);
    request.failure = toFailure(error, problem);
    reply.raw.once('finish', () => log.write(request, reply));
    const body = render(problem, request.raw);
    void reply.code(problem.status).type('application/json').serializer(JSON.stringify).send(body);
  };
}

function toFailure(error: FastifyError, { kind, status, message }: HttpProblem): LoggedFailure {
  if (kind === 'internal') return { error: kind, err: error };
  if (status < 500) return { error: kind };
  const cause = causeOf(error);
  return { error: kind, reason: message, ...(cause === undefined ? {} : { cause }) };
}

/** The message of the innermost cause, which says more to an operator than the sentence for the client. */
function causeOf(error: Error): string | undefined {
  let cause: unknown = error.cause;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  return cause instanceof Error ? cause.message : undefined;
}

function toProblem(error: FastifyError): HttpProblem {
  if (isSandboxError(error)) return ofError(error);
  if (error instanceof HttpError) return ofHttp(error);
  if (error instanceof InvalidRequest) return { ...ofKind('invalid', error.message), issues: error.issues };
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { ...ofKind('too_large', 'The request body is too large for JSON.'), remedy: 'stream_upload' };
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return { ...atFault('Send the body as JSON with Content-Type: application/json.', CONTENT_TYPE), status: 415 };
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return atFault('The body is not valid JSON.', { loc: ['body'], msg: 'is not valid JSON', type: 'json_invalid' });
    case 'FST_ERR_BAD_URL':
      return atFault(`The URL ${NOT_ENCODED}.`, { loc: ['path'], msg: NOT_ENCODED, type: 'invalid' });
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    const status = error.statusCode === 400 ? STATUS.invalid : error.statusCode;
    return { ...ofKind('invalid', error.message), status };
  }
  return ofKind('internal', 'The server failed at this; its log says more.');
}

function ofError({ kind, message, remedy, keptIds, field, written }: SandboxError): HttpProblem {
  const rest = field !== undefined && message.startsWith(`${field} `) ? message.slice(field.length + 1) : message;
  const msg = rest.replace(/\.$/, '');
  const issues = field === undefined ? [] : [{ loc: ['body', field], msg, type: kind }];
  return { ...ofKind(kind, message), remedy, keptIds, issues, written };
}

function ofKind(kind: ErrorKind, message: string): HttpProblem {
  return { status: STATUS[kind], kind, message, issues: [] };
}

function ofHttp({ status, message, issues }: HttpError): HttpProblem {
  return { status, kind: status === 404 ? 'unknown_route' : 'invalid', message, issues };
}

/** A request of which one part is wrong. */
function atFault(message: string, issue: FieldIssue): HttpProblem {
  return { ...ofKind('invalid', message), issues: [issue] };
}

const CONTENT_TYPE: FieldIssue = {
  loc: ['header', 'content-type'],
  msg: 'must be application/json',
  type: 'content_type',
};
