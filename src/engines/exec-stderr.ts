import { SandboxError } from '../base/errors.ts';

/** What a program may say on its stderr, in bytes: agents say nothing there, and others a sentence. */
export const MAX_STDERR_BYTES = 1_048_576;

/** The error of a program that says more than that. */
export function tooMuchStderr(): SandboxError {
  return new SandboxError('unavailable', 'A program in the sandbox writes without end where it has nothing to say.');
}
