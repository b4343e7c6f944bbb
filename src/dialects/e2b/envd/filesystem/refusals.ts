import { ConnectError } from '../connect/connect-error.ts';

export function notFound(path: string, cause?: unknown): ConnectError {
  return new ConnectError('not_found', `path '${path}' does not exist`, { cause });
}

export function noDirectory(path: string, cause?: unknown): ConnectError {
  return new ConnectError('invalid_argument', `path is not a directory: ${path}`, { cause });
}
