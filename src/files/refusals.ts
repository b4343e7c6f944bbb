import { AgentFailure } from '../agent/wire/failures.ts';
import { SandboxError } from '../base/errors.ts';

/** Codes of failures that say nothing of the file: a full disk, a lost sandbox, a busy one. */
const CODES_OF_THE_SANDBOX: ReadonlySet<string> = new Set([
  'no_space',
  'internal',
  'lost',
  'hung',
  'cancelled',
  'limit',
]);

/** Codes of failures that are the fault of the path that was asked for. */
const CODES_OF_THE_PATH: ReadonlySet<string> = new Set([
  'is_directory',
  'not_directory',
  'denied',
  'read_only',
  'invalid',
  'unsupported',
]);

/** A path that names something of another kind than what is asked of it. */
export class PathError extends SandboxError {
  constructor(message: string) {
    super('invalid', message);
  }
}

/** True if what is wrong with a request is what its path names. */
export function isPathFault(error: unknown): error is SandboxError {
  return error instanceof PathError || (error instanceof AgentFailure && CODES_OF_THE_PATH.has(error.code));
}

/** Work on files that was ended because it took too long; what was done until then stays. */
export class FilesTimeout extends SandboxError {
  constructor(message: string) {
    super('timeout', message);
  }
}

/** True if the sandbox itself refused a file operation, as it would a program's: a result for those who asked, not a fault. */
export function isRefusal(error: unknown): error is SandboxError {
  if (error instanceof FilesTimeout) return true;
  return error instanceof AgentFailure && !CODES_OF_THE_SANDBOX.has(error.code);
}

/** True if an archive was not unpacked because the sandbox knows no such encoding. */
export function isUnknownEncoding(error: unknown): boolean {
  return error instanceof AgentFailure && error.code === 'unknown_encoding';
}

/** True if a search was not made because its query is no regular expression. */
export function isBadPattern(error: unknown): error is SandboxError {
  return error instanceof AgentFailure && error.code === 'bad_pattern';
}

/** True where the sandbox is there, and nothing at the path. */
export function isMissing(error: unknown): boolean {
  return error instanceof AgentFailure && error.code === 'not_found';
}
