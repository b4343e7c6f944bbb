import { type ErrorKind, isSandboxError, SandboxError } from '../../../../base/errors.ts';
import { InvalidRequest } from '../../../../http/validation/validation.ts';
import type { ConnectCode } from './codes.ts';

/** What the log calls each code. */
const KIND: Readonly<Record<ConnectCode, ErrorKind>> = {
  canceled: 'unavailable',
  unknown: 'internal',
  invalid_argument: 'invalid',
  deadline_exceeded: 'timeout',
  not_found: 'not_found',
  already_exists: 'conflict',
  permission_denied: 'forbidden',
  resource_exhausted: 'limit',
  failed_precondition: 'conflict',
  aborted: 'conflict',
  out_of_range: 'invalid',
  unimplemented: 'invalid',
  internal: 'invalid',
  unavailable: 'unavailable',
  data_loss: 'internal',
  unauthenticated: 'unauthorized',
};

/** The code of each kind of error that the core throws. */
const CODE: Readonly<Record<ErrorKind, ConnectCode>> = {
  invalid: 'invalid_argument',
  unauthorized: 'unauthenticated',
  forbidden: 'permission_denied',
  not_found: 'not_found',
  conflict: 'failed_precondition',
  precondition: 'failed_precondition',
  too_large: 'invalid_argument',
  too_many: 'resource_exhausted',
  limit: 'resource_exhausted',
  timeout: 'deadline_exceeded',
  stalled: 'unavailable',
  no_space: 'internal',
  unavailable: 'unavailable',
  unreachable: 'unavailable',
  internal: 'internal',
  unsupported: 'unimplemented',
};

/** An error with a code of Connect. */
export class ConnectError extends SandboxError {
  override readonly name = 'ConnectError';
  readonly code: ConnectCode;

  constructor(code: ConnectCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(KIND[code], message, options);
    this.code = code;
  }

  /** As clients read it: the body of a unary answer, and `error` in the last message of a stream. */
  get body(): { readonly code: ConnectCode; readonly message: string } {
    return { code: this.code, message: this.message };
  }
}

/** The code of a kind of error that the core throws. */
export function codeOf(kind: ErrorKind): ConnectCode {
  return CODE[kind];
}

/** Whatever was thrown as an error of Connect; what nobody expected is told without its details. */
export function toConnectError(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (isSandboxError(error)) return new ConnectError(CODE[error.kind], error.message, { cause: error });
  if (error instanceof InvalidRequest) return new ConnectError('invalid_argument', error.message, { cause: error });
  return new ConnectError('internal', 'The server failed at this; its log says more.', { cause: error });
}
