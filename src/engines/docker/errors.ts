import { type ErrorKind, isSandboxError, SandboxError } from '../../base/errors.ts';

const KIND_OF_STATUS: Readonly<Record<number, ErrorKind>> = { 400: 'invalid', 404: 'not_found', 409: 'conflict' };

/** What a call was about, for the sentence of its error. */
export interface CallSubject {
  /** Completes "The Docker engine could not …". */
  readonly doing: string;
  /** What a 404 means for this call; without it, it is an error like any other. */
  readonly absent?: { readonly kind: ErrorKind; readonly message: string };
}

/** The HTTP status with which the Docker engine refused a call; undefined where it gave no answer. */
export function statusOf(error: unknown): number | undefined {
  if (isSandboxError(error)) return statusOf(error.cause);
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** Translates what dockerode or Node threw into a SandboxError that keeps it as its cause. */
export function toSandboxError(error: unknown, subject: CallSubject): SandboxError {
  if (isSandboxError(error)) return error;
  const status = statusOf(error);
  if (status === 404 && subject.absent) {
    return new SandboxError(subject.absent.kind, subject.absent.message, { cause: error });
  }
  if (status !== undefined) {
    const kind = KIND_OF_STATUS[status] ?? 'unavailable';
    return new SandboxError(kind, `The Docker engine could not ${subject.doing}: ${reasonOf(error)}`, { cause: error });
  }
  if (isConnectionError(error)) return engineSilent(error);
  return new SandboxError('internal', `The Docker client failed to ${subject.doing}.`, { cause: error });
}

/** The error of a call that never reached the engine, or whose connection broke. */
export function engineSilent(cause?: unknown): SandboxError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return new SandboxError('unavailable', SILENCE_OF.get(code) ?? SILENCE, { cause });
}

const SILENCE = 'The Docker engine does not answer: check that it runs and that the server may use its socket.';

/** Why, where the code of the connection's error tells. */
const SILENCE_OF: ReadonlyMap<unknown, string> = new Map([
  ['EACCES', "Permission denied: the server may not use the Docker engine's socket; run the server as root."],
  ['EPERM', "Permission denied: the server may not use the Docker engine's socket; run the server as root."],
  ['ENOENT', 'Docker daemon not running: start it (systemctl start docker), or set DOCKER_HOST to where it listens.'],
  ['ECONNREFUSED', 'Docker daemon not running: nothing listens at its socket; start it (systemctl start docker).'],
]);

/** Node marks all of these with a code (ECONNREFUSED, ENOENT, EACCES, ECONNRESET, EPIPE, …); an abort is how close() ends a call. */
function isConnectionError(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || ('code' in error && typeof error.code === 'string'));
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it gave no reason.';
  const body: unknown = 'json' in error ? error.json : undefined;
  if (typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string') {
    return body.message;
  }
  return error.message.trim();
}
