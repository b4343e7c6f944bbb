import { ConnectError } from '../connect/connect-error.ts';

/** The error of a path where nothing is. */
export function notFound(path: string, cause?: unknown): ConnectError {
  return new ConnectError('not_found', `path '${path}' does not exist`, { cause });
}

/** The error of a path where something else than a folder is. */
export function noDirectory(path: string, cause?: unknown): ConnectError {
  return new ConnectError('invalid_argument', `path is not a directory: ${path}`, { cause });
}
