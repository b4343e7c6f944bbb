import { hasCode, SandboxError } from '../base/errors.ts';

/** When to ask again while the first request is under way, in seconds. */
const ASK_AGAIN_SECONDS = 1;

/** A key whose first request has no answer yet. */
export function stillUnderWay(): SandboxError {
  const sentence = 'The first request with this Idempotency-Key is still under way; ask again in a moment.';
  return new SandboxError('conflict', sentence, { retryAfterSeconds: ASK_AGAIN_SECONDS });
}

/** A key whose first request was cut by a crash. */
export function notKnown(): SandboxError {
  return new SandboxError(
    'conflict',
    'It is not known whether the first request was carried out. Look at the sandbox, then use another Idempotency-Key.',
  );
}

/** A key that names another request. */
export function otherRequest(): SandboxError {
  return new SandboxError(
    'invalid',
    'This Idempotency-Key was used for another request; use a new one for each request.',
  );
}

/** A key that there is no room for. */
export function notWritten(cause: unknown): SandboxError {
  const kind = hasCode(cause, 'ENOSPC') ? 'no_space' : 'unavailable';
  return new SandboxError(kind, 'The Idempotency-Key cannot be written down, so nothing was done.', { cause });
}
